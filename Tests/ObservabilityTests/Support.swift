import Authentication
import Dispatch
import Glibc
import Logging
import Synchronization

@testable import Observability

/// A pipe that stands for standard error.
final class Pipe: Sendable {
    let reading: CInt
    let writing: CInt
    private let isReading = Atomic(true)

    init() {
        var ends: [CInt] = [-1, -1]
        pipe(&ends)
        reading = ends[0]
        writing = ends[1]
    }

    deinit {
        closeReading()
        close(writing)
    }

    /// The reader goes away.
    func closeReading() {
        if isReading.exchange(false, ordering: .relaxed) { close(reading) }
    }

    /// Reads until there are so many lines; blocks.
    func lines(_ number: Int) -> [String] {
        var bytes: [UInt8] = []
        var found = 0
        var buffer = [UInt8](repeating: 0, count: 65536)
        while found < number {
            let count = read(reading, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
            found += buffer[..<count].count { $0 == 10 }
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// What is in it now; the writer must have been flushed.
    func contents() -> String {
        _ = fcntl(reading, F_SETFL, O_NONBLOCK)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(reading, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A bound Unix datagram socket.
final class DatagramSocket: Sendable {
    let name: String
    private let descriptor: CInt

    /// - Parameter name: a path, or `@` and a name in the abstract namespace.
    init(_ name: String) throws {
        self.name = name
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var octets = Array(name.utf8)
        let isAbstract = name.hasPrefix("@")
        if isAbstract { octets[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
        let length = MemoryLayout<sa_family_t>.size + octets.count + (isAbstract ? 0 : 1)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(length)) }
        }
        guard status == 0 else { throw SocketFailure(errno: errno) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close(descriptor)
        if name.hasPrefix("/") { unlink(name) }
    }

    /// The next datagram; nil when none comes within ten seconds.
    func next() async -> [UInt8]? { try? await offThePool { self.receive() } }

    /// As `next`, on the caller's thread.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 262_144)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count >= 0 ? Array(buffer[..<count]) : nil
    }

    /// True when no datagram waits.
    var isEmpty: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, CInt(MSG_DONTWAIT) | CInt(MSG_PEEK)) < 0
    }
}

/// Runs what blocks on a thread of Dispatch's, so that tests beside it go on.
func offThePool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
    }
}

struct SocketFailure: Error {
    let errno: CInt
}

/// Keeps what it is given, after waiting at a gate that a test opens.
final class GatedLog: LogDestination {
    private let isOpen: Mutex<Bool>
    private let kept = Mutex<[String]>([])

    init(isOpen: Bool) { self.isOpen = Mutex(isOpen) }

    var lines: [String] { kept.withLock { $0 } }

    func open() { isOpen.withLock { $0 = true } }

    func encode(_ record: LogRecord) -> LogEntry { LogEntry(bytes: Array(record.message.utf8)) }

    func write(_ entries: [LogEntry]) {
        while !isOpen.withLock({ $0 }) { usleep(1000) }
        kept.withLock { $0 += entries.map { String(decoding: $0.bytes, as: UTF8.self) } }
    }
}

/// Text that tries to end a line, forge a field, or steer a terminal.
let hostileTexts = [
    "alice\nevent=login user=root",
    "alice\r\n2026-01-01T00:00:00.000Z info audit: login user=root",
    "\u{1B}]0;title\u{7}\u{1B}[2J",
    "x\" event=\"login",
    "x event=login",
    "back\\slash\\",
    "\u{2028}\u{2029}\u{85}\u{0}\u{7F}",
    "\u{202E}evil\u{2066}",
    "\u{E0001}\u{E0041}",
    "{\"a\":1},",
    "",
    " ",
    "=",
    "Müller 田中 🙂",
]
