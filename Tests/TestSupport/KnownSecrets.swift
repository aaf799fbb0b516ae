// API: KnownSecrets.shared.add("s3cret"); try await KnownSecrets.shared.leaks(inFile: daemon.log) == []
//
// Every password, secret, token and hash that a test uses is added here, mostly without its doing (`note(curl:)`), and every
// log is searched for all of them when its daemon ends.

import FoundationEssentials
import Glibc
import Synchronization

/// What must not be in any log.
public final class KnownSecrets: Sendable {
    /// Those of this process.
    public static let shared = KnownSecrets()

    /// Shorter ones are parts of words.
    public static let least = 8
    /// Of tokens only so many of the end are looked for: the signature, which no two share.
    private static let tail = 40
    /// Load tests make tokens without end; of more than this the rest is left out.
    private static let limit = 20_000

    private let patterns = Mutex<Set<[UInt8]>>([])
    /// Some people have their name for a password, and names are logged.
    private let names = Mutex<Set<[UInt8]>>([])

    /// Knows nothing yet.
    public init() {}

    /// How many texts are looked for.
    public var count: Int { patterns.withLock { $0.count } }

    /// From now on this must not be logged: neither as it is, nor as it travels in a form or in Basic, nor as a log escapes it.
    public func add(_ secret: String) { add(Array(secret.utf8)) }

    /// The same for octets that need not be UTF-8.
    public func add(_ octets: [UInt8]) {
        guard octets.count >= Self.least else { return }
        let forms = Self.forms(of: octets)
        patterns.withLock { if $0.count < Self.limit { $0.formUnion(forms) } }
    }

    /// A name of somebody: not a secret, whoever has it for a password.
    public func add(name: String) { names.withLock { _ = $0.insert(Array(name.utf8)) } }

    /// The same for a token.
    public func add(token: String) {
        let end = Array(token.utf8.suffix(Self.tail))
        guard end.count >= Self.least else { return }
        patterns.withLock { if $0.count < Self.limit { _ = $0.insert(end) } }
    }

    /// Each line of a text file; nothing of one that is not there, or not text.
    public func add(linesOf file: String) {
        let content = bytes(ofFile: file)
        guard !content.contains(0) else { return }
        for line in content.split(separator: UInt8(ascii: "\n")) where !line.starts(with: Array("-----".utf8)) {
            add(Array(line))
        }
    }

    /// Lines of a file in which one of them stands, five at most, each with the one in front.
    public func leaks(inFile path: String) async throws -> [String] {
        // Also for a test that was cancelled.
        named(try await Task { try Self.lines(try await search(path)?.finished()) }.value)
    }

    private func named(_ lines: [String]) -> [String] {
        guard !lines.isEmpty else { return [] }
        let known = patterns.withLock { $0 }.subtracting(names.withLock { $0 })
            .map { String(decoding: $0, as: UTF8.self) }
        return lines.map { line in "\(known.first { line.contains($0) } ?? "?"): \(line)" }
    }

    /// The same, in the way of whoever calls.
    public func leaksBlocking(inFile path: String) throws -> [String] {
        guard let search = try search(path) else { return [] }
        while search.exit == nil { usleep(2_000) }
        return named(try Self.lines(search))
    }

    /// grep(1) looks for thousands of texts in one go.
    private func search(_ path: String) throws -> ChildProcess? {
        let forms = patterns.withLock { $0 }.subtracting(names.withLock { $0 })
            .filter { !$0.contains(UInt8(ascii: "\n")) }
        guard !forms.isEmpty, access(path, R_OK) == 0 else { return nil }
        return try ChildProcess.start(
            "grep",
            ["-a", "-F", "-m", "5", "-f", "-", path],
            environment: ["LC_ALL": "C"],
            input: Array(forms.joined(separator: [UInt8(ascii: "\n")]))
        )
    }

    private static func lines(_ search: ChildProcess?) throws -> [String] {
        guard let search else { return [] }
        // 1: there is none (grep(1), “EXIT STATUS”).
        guard let exit = search.exit, exit == .code(0) || exit == .code(1) else {
            throw TestSupportError("grep: \(search.errorOutput)")
        }
        return search.output.split(separator: "\n").map(String.init)
    }

    private static func forms(of octets: [UInt8]) -> [[UInt8]] {
        var percent: [UInt8] = []
        var escaped: [UInt8] = []
        for octet in octets {
            let isPlain =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(octet | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet) || "-._~".utf8.contains(octet)
            let digits = String(octet, radix: 16, uppercase: true)
            percent += isPlain ? [octet] : Array(("%" + (digits.count == 1 ? "0" : "") + digits).utf8)
            if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") { escaped.append(UInt8(ascii: "\\")) }
            escaped.append(octet)
        }
        let plus = String(decoding: percent, as: UTF8.self).replacing("%20", with: "+")
        return [octets, percent, Array(plus.utf8), escaped, Array(Data(octets).base64EncodedString().utf8)]
    }
}

extension ChildProcess {
    /// Itself, when it has ended.
    fileprivate func finished() async throws -> ChildProcess {
        try await wait(within: .seconds(120))
        return self
    }
}
