import Authentication
import Glibc

/// Lets one daemon only serve from a database file. Commands do not ask for it.
///
/// A lock of flock(2) on a file beside the database: it goes with the process, however that ends. Not on the database
/// itself, because closing another descriptor of that file would drop SQLite's own locks (fcntl_locking(2)).
final class ServingLock: Sendable {
    /// A process that is told to end may hold it a little longer.
    static let patience = Duration.seconds(2)

    private let descriptor: Int32

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Takes the lock of the database at `path`, whose folder must exist.
    ///
    /// - Throws: `.unusable` when another process has it.
    static func take(_ path: String, patience: Duration = patience) async throws(StoreError) -> ServingLock {
        // By the file's real name, or a link to it would be another database.
        let place = "\(realName(path)).lock"
        let file = open(place, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            throw StoreError(.unusable, "\(place) cannot be opened (\(reason)): give it to the daemon's user")
        }
        let lock = ServingLock(descriptor: file)
        let deadline = ContinuousClock.now + patience
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            guard ContinuousClock.now < deadline, !Task.isCancelled else {
                throw StoreError(
                    .unusable,
                    "another ldapauthd\(holder(file)) serves from the database \(path) already: stop that one first; several "
                        + "daemons at once need a database each, or PostgreSQL"
                )
            }
            // Cancelled: the loop's condition ends it.
            try? await Task.sleep(for: .milliseconds(50))
        }
        let text = Array("\(getpid())\n".utf8)
        // For the sentence above only.
        if ftruncate(file, 0) == 0 { _ = pwrite(file, text, text.count, 0) }
        return lock
    }

    private static func holder(_ file: Int32) -> String {
        var octets = [UInt8](repeating: 0, count: 16)
        let count = pread(file, &octets, octets.count, 0)
        guard let pid = Int32(String(decoding: octets.prefix(max(0, count)).prefix { $0 != 0x0A }, as: UTF8.self))
        else {
            return ""
        }
        return " (process \(pid))"
    }

    private static func realName(_ path: String) -> String {
        if let name = resolved(path) { return name }
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex,
            let folder = resolved(String(path[..<slash]))
        else { return path }
        return folder + path[slash...]
    }

    private static func resolved(_ path: String) -> String? {
        guard let name = realpath(path, nil) else { return nil }
        defer { free(name) }
        return String(cString: name)
    }
}
