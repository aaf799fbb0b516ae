import Authentication
import Glibc

/// A secret outside the configuration: a file, or a systemd credential written `credential:NAME`.
struct SecretFile: Sendable, Equatable, CustomStringConvertible {
    /// As written in the configuration.
    let spelling: String
    /// Where it may lie; the first that exists counts.
    let candidates: [String]
    /// What was read before root's rights were given up, for a command.
    private var held: Password?

    /// A secret named in a configuration file that lies in `folder`.
    init(_ spelling: String, relativeTo folder: String, credentialsDirectory: String? = Self.credentialsDirectory()) {
        self.spelling = spelling
        guard spelling.hasPrefix("credential:") else {
            candidates = [ConfigurationPath.absolute(spelling, in: folder)]
            return
        }
        let name = String(spelling.dropFirst("credential:".count))
        var places: [String] = []
        if let directory = credentialsDirectory {
            // LoadCredential=ldapauthd:/folder/ delivers each file as ldapauthd_NAME (systemd.exec(5)).
            places += ["\(directory)/\(name)", "\(directory)/ldapauthd_\(name)"]
        }
        candidates = places + ["/etc/ldapauthd/credentials/\(name)"]
    }

    /// The same file; what may have been read of it does not count.
    static func == (one: SecretFile, other: SecretFile) -> Bool {
        one.spelling == other.spelling && one.candidates == other.candidates
    }

    /// As it may be written in a configuration file of any folder.
    var absoluteSpelling: String { spelling.hasPrefix("credential:") ? spelling : candidates[0] }

    /// The file that exists, if any.
    var path: String? {
        candidates.first { unsafe access($0, F_OK) == 0 }
    }

    /// Where one would put it.
    var description: String {
        spelling.hasPrefix("credential:")
            ? "\(spelling) (looked in \(candidates.joined(separator: ", ")))" : candidates[0]
    }

    /// Reads the secret; one trailing line end is stripped.
    ///
    /// - Throws: `SecretFileError` with a sentence; a secret is at most 64 KiB long.
    func read() throws(SecretFileError) -> Password {
        if let held { return held }
        guard let path else { throw SecretFileError("\(description) does not exist") }
        var octets = try Self.contents(of: path)
        defer { for index in octets.indices { octets[index] = 0 } }
        Self.stripLineEnd(&octets)
        guard !octets.isEmpty else { throw SecretFileError("\(path) is empty") }
        return Password(octets)
    }

    /// Takes one line end off, LF or CR LF; a lone CR belongs to the secret.
    static func stripLineEnd(_ octets: inout [UInt8]) {
        guard octets.last == 0x0A else { return }
        octets.removeLast()
        if octets.last == 0x0D { octets.removeLast() }
    }

    /// The same secret, read now where that is possible; where it is not, `read` will say why.
    func holding() -> SecretFile {
        var copy = self
        do throws(SecretFileError) { copy.held = try read() } catch { copy.held = nil }
        return copy
    }

    /// The folder of systemd's credentials, if the service was started with any.
    static func credentialsDirectory() -> String? {
        unsafe getenv("CREDENTIALS_DIRECTORY").map { unsafe String(cString: $0) }
    }

    private static func contents(of path: String) throws(SecretFileError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SecretFileError("\(path) cannot be read: \(Errno.sentence(errno))") }
        defer { close(descriptor) }
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        defer { for index in buffer.indices { buffer[index] = 0 } }
        while octets.count <= 65536 {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SecretFileError("\(path) cannot be read: \(Errno.sentence(errno))") }
            if count == 0 { return octets }
            octets.append(contentsOf: buffer[..<count])
        }
        throw SecretFileError("\(path) is longer than 64 KiB and can hardly be a secret")
    }
}

/// A secret could not be read.
struct SecretFileError: Error, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// errno(3) in words.
enum Errno {
    static func sentence(_ number: Int32) -> String {
        unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
    }
}

/// Paths of the configuration are relative to its own folder.
enum ConfigurationPath {
    static func absolute(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") ? path : "\(folder)/\(path)"
    }

    /// A path as typed in a shell.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(currentDirectory())/\(path)"
    }

    /// The folder a file lies in, absolute.
    static func folder(of file: String) -> String {
        let folder = absolute(file).split(separator: "/").dropLast().joined(separator: "/")
        return "/" + folder
    }

    private static func currentDirectory() -> String {
        guard let text = unsafe getcwd(nil, 0) else { return "" }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }
}
