// API: let folder = try TemporaryDirectory(); let path = try folder.write("text", to: "name"); folder.path(of: "x"); folder.remove()
//
// A folder of mode 0700 below /tmp (short, so that Unix sockets fit), removed by `remove()`, when the last reference goes,
// or when the process ends, for servers that all its tests share.

import FoundationEssentials
import Glibc
import Synchronization

/// A failure of a helper, in a sentence.
public struct TestSupportError: Error, CustomStringConvertible {
    /// What went wrong.
    public let description: String

    /// A failure.
    public init(_ description: String) { self.description = description }
}

/// A folder that goes away with its last reference.
public final class TemporaryDirectory: Sendable {
    /// The absolute path.
    public let path: String

    /// Makes the folder below `/tmp`.
    public init(_ prefix: String = "ldapauthd") throws {
        var template = Array("/tmp/\(prefix)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestSupportError("mkdtemp: \(String(cString: strerror(errno)))") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        _ = Self.removesTheRestAtExit
        _ = Self.made.withLock { $0.insert(path) }
    }

    deinit { remove() }

    /// The path of a file inside.
    public func path(of name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, making folders on the way, and returns its path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String, mode: UInt32 = 0o600) throws -> String {
        let file = path(of: name)
        if let slash = file.lastIndex(of: "/") {
            try FileManager.default.createDirectory(
                atPath: String(file[..<slash]),
                withIntermediateDirectories: true
            )
        }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw TestSupportError("open \(file): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        fchmod(descriptor, mode)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw TestSupportError("write \(file): \(String(cString: strerror(errno)))") }
            written += count
        }
        return file
    }

    /// Writes a text file and returns its path.
    @discardableResult
    public func write(_ text: String, to name: String, mode: UInt32 = 0o600) throws -> String {
        try write(Array(text.utf8), to: name, mode: mode)
    }

    /// Removes the folder and what is in it; harmless when repeated.
    public func remove() {
        try? FileManager.default.removeItem(atPath: path)
        _ = Self.made.withLock { $0.remove(path) }
    }

    private static let made = Mutex<Set<String>>([])

    private static let removesTheRestAtExit: Void = {
        atexit {
            for path in TemporaryDirectory.made.withLock({ $0 }) {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
        return ()
    }()
}

/// The bytes of a file; empty when it cannot be read.
public func bytes(ofFile path: String) -> [UInt8] {
    (try? Data(contentsOf: URL(filePath: path))).map(Array.init) ?? []
}

/// The text of a file, invalid UTF-8 repaired; empty when it cannot be read.
public func text(ofFile path: String) -> String { String(decoding: bytes(ofFile: path), as: UTF8.self) }
