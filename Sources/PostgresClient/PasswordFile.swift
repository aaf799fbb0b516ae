import Glibc

/// A password in a file of its own.
enum PasswordFile {
    /// Longer is no password.
    private static let limit = 4096

    /// The whole file but one line end; nil when it cannot be read, is empty or too long. Blocks.
    static func read(_ path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        defer {
            unsafe bytes.withUnsafeMutableBytes { buffer in
                if let base = buffer.baseAddress { unsafe explicit_bzero(base, buffer.count) }
            }
        }
        let count = unsafe Glibc.read(file, &bytes, bytes.count)
        guard count > 0, count <= limit else { return nil }
        var text = bytes[..<count]
        // LF or CR LF; a lone CR belongs to the password.
        if text.last == 10 {
            text = text.dropLast()
            if text.last == 13 { text = text.dropLast() }
        }
        return text.isEmpty || text.contains(0) ? nil : String(decoding: text, as: UTF8.self)
    }
}
