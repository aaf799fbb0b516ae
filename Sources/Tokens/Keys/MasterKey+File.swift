internal import Crypto
internal import Glibc

extension MasterKey {
    /// Reads the key from `path`, and makes the file, mode 0600, when there is none.
    ///
    /// The file holds 32 raw octets, or the same as 44 characters of base64 with or without a line end; a new one is
    /// written as base64. It may be read by its group (0640), as systemd credentials are, but by nobody else.
    ///
    /// - Parameter creating: false for a store that was made with a key already: another one would only stand in the way of
    ///   the right one.
    /// - Throws: `.masterKey` with a sentence that names the path.
    public static func load(path: String, creating: Bool = true) throws(KeyError) -> MasterKey {
        if let key = try read(path) { return key }
        guard creating else {
            throw KeyError(
                .masterKey,
                "The master key \(path) is missing, but the store was made with one: put it back from its backup. Without it every session and key in the store is lost."
            )
        }
        try create(path)
        // Read back what is there: another process may have been first.
        guard let key = try read(path) else {
            throw KeyError(.masterKey, "The master key \(path) vanished while it was made.")
        }
        return key
    }

    /// The key in the file, or nil when there is no file.
    static func read(_ path: String) throws(KeyError) -> MasterKey? {
        // O_NONBLOCK: a FIFO in its place must not hang the start.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw KeyError(.masterKey, "The master key \(path) cannot be read: \(reason(errno)).")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw KeyError(.masterKey, "The master key \(path) is not a regular file.")
        }
        guard status.st_mode & 0o027 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw KeyError(
                .masterKey,
                "The master key \(path) has mode 0\(mode): nobody but its owner may write it, nobody but its group read it (chmod 0600)."
            )
        }
        var octets = [UInt8](repeating: 0, count: 128)
        let count = Glibc.read(file, &octets, octets.count)
        guard count >= 0 else {
            throw KeyError(.masterKey, "The master key \(path) cannot be read: \(reason(errno)).")
        }
        guard let key = parse(Array(octets.prefix(count))) else {
            throw KeyError(
                .masterKey,
                "The master key \(path) has the wrong size: 32 octets, or 44 characters of base64, are expected."
            )
        }
        return key
    }

    /// 32 raw octets, or the base64 of them; one trailing line end does not count.
    static func parse(_ content: [UInt8]) -> MasterKey? {
        if let key = MasterKey(content) { return key }
        var text = content[...]
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        if let key = MasterKey(text) { return key }
        guard text.count == 44, text.last == UInt8(ascii: "=") else { return nil }
        let urlSafe = text.dropLast().map { character -> UInt8 in
            switch character {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: character
            }
        }
        return Base64URL.decode(urlSafe).flatMap { MasterKey($0) }
    }

    /// Makes the file whole or not at all: written beside, synced, then linked, which fails if another was first.
    ///
    /// - Parameter model: a file whose owner and mode it takes; 0600 and the caller's when nil.
    static func create(_ path: String, like model: String? = nil) throws(KeyError) {
        let octets = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        let standard = Base64URL.encode(octets).utf8.map { character -> UInt8 in
            switch character {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: character
            }
        }
        let text = standard + Array("=\n".utf8)
        let draft = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max)).new"
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw KeyError(.masterKey, "The master key \(path) cannot be made: \(reason(errno)).")
        }
        defer { unlink(draft) }
        var status = stat()
        if let model, stat(model, &status) == 0 {
            // Only root can give a file away; for anybody else it is his own already.
            _ = fchown(file, status.st_uid, status.st_gid)
            fchmod(file, status.st_mode & 0o640)
        }
        let isWritten = write(file, text, text.count) == text.count && fsync(file) == 0
        let failure = errno
        close(file)
        guard isWritten else {
            throw KeyError(.masterKey, "The master key \(path) cannot be written: \(reason(failure)).")
        }
        guard link(draft, path) == 0 || errno == EEXIST else {
            throw KeyError(.masterKey, "The master key \(path) cannot be made: \(reason(errno)).")
        }
        syncFolder(of: path)
    }

    /// So that the name survives a power loss together with the first keys wrapped by it.
    static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    static func reason(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
