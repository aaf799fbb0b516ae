import Glibc

/// A whole file, or standard input, read for a command; before the command gives up root's rights.
enum InputFile {
    /// More is no list of accounts.
    static let limit = 64 << 20

    /// - Parameter path: `-` for standard input.
    static func read(_ path: String) throws(CommandFailure) -> [UInt8] {
        let name = path == "-" ? "standard input" : path
        let descriptor = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(name) }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var octets: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(name) }
            if count == 0 { return octets }
            octets += chunk.prefix(count)
            guard octets.count <= limit else {
                throw CommandFailure(.badInput, "\(name) is larger than \(limit >> 20) MiB: split it")
            }
        }
    }

    private static func unreadable(_ name: String) -> CommandFailure {
        CommandFailure(.badInput, "\(name) cannot be read: \(Errno.sentence(errno))")
    }
}
