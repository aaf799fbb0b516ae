import Glibc

/// Asks the running daemon something, and waits for its answer.
enum ControlClient {
    /// A reload makes keys and reads files; longer than that something is wrong.
    private static let patience = 120

    /// Sends `request` to the daemon at `path`; blocks, which a command may.
    ///
    /// - Throws: `.unavailable` when nobody answers there, `.notPermitted` when the socket may not be used.
    static func ask(_ request: ControlRequest, at path: String) throws(CommandFailure) -> ControlAnswer {
        let descriptor = try connect(to: path)
        defer { close(descriptor) }
        do {
            try send(try ControlLine.encode(request), to: descriptor)
            return try ControlLine.decode(try receive(from: descriptor))
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(.unavailable, "the daemon at \(path) gave no answer that can be read")
        }
    }

    private static func connect(to path: String) throws(CommandFailure) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let octets = Array(path.utf8)
        guard octets.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw CommandFailure(.badInput, "\(path) is too long for a socket")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: octets) }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else {
            throw CommandFailure(.unavailable, "no socket can be made: \(Errno.sentence(errno))")
        }
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, length)
            }
        }
        guard status == 0 else {
            let number = errno
            close(descriptor)
            throw failure(number, path)
        }
        return descriptor
    }

    private static func failure(_ number: CInt, _ path: String) -> CommandFailure {
        switch number {
        case EACCES, EPERM:
            CommandFailure(.notPermitted, "\(path): run it as root or as the user of the daemon")
        case ENOENT, ECONNREFUSED:
            CommandFailure(
                .unavailable,
                "no daemon answers at \(path): is it running? One that systemd has not started reloads on SIGHUP"
            )
        default:
            CommandFailure(.unavailable, "\(path): \(Errno.sentence(number))")
        }
    }

    private static func send(_ octets: [UInt8], to descriptor: CInt) throws(CommandFailure) {
        var sent = 0
        while sent < octets.count {
            let count = unsafe octets.withUnsafeBytes {
                unsafe write(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw CommandFailure(.unavailable, "the daemon hung up: \(Errno.sentence(errno))") }
            sent += count
        }
    }

    private static func receive(from descriptor: CInt) throws(CommandFailure) -> [UInt8] {
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while octets.count < ControlLine.limit {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                throw CommandFailure(.unavailable, "the daemon has not answered within \(patience) seconds")
            }
            guard count > 0 else { break }
            octets += buffer[..<count]
            if octets.last == 0x0A { return octets.dropLast() }
        }
        throw CommandFailure(.unavailable, "the daemon hung up without an answer: it is stopping, or see its log")
    }
}
