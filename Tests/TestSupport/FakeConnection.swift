import Glibc

/// One accepted socket of a `TCPFake` and what was read from it.
struct FakeConnection {
    let socket: Int32
    let note: ([UInt8]) -> Void
    private var unread: [UInt8] = []
    private var lastRead: [UInt8] = []

    init(socket: Int32, note: @escaping ([UInt8]) -> Void) {
        self.socket = socket
        self.note = note
    }

    /// Performs a step; false when the connection is over.
    mutating func perform(_ step: TCPFake.Step) -> Bool {
        switch step {
        case .read:
            while unread.isEmpty { guard readSome() else { return false } }
            lastRead = unread
            unread = []
        case .readMessage:
            while true {
                if let length = BERLength.ofElement(unread), unread.count >= length {
                    lastRead = Array(unread.prefix(length))
                    unread.removeFirst(length)
                    return true
                }
                guard readSome() else { return false }
            }
        case .send(let bytes): return write(bytes)
        case .reply(let make): return write(make(lastRead))
        case .drip(let bytes, let pause): return drip(bytes, pause)
        case .dripReply(let pause, let make): return drip(make(lastRead), pause)
        case .wait(let pause): sleep(pause)
        case .close: return false
        case .reset:
            var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
            setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
            return false
        }
        return true
    }

    /// Waits for bytes; false at the end of the stream.
    mutating func readSome() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var count = recv(socket, &buffer, buffer.count, 0)
        while count < 0, errno == EINTR { count = recv(socket, &buffer, buffer.count, 0) }
        guard count > 0 else { return false }
        unread += buffer.prefix(count)
        note(Array(buffer.prefix(count)))
        return true
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private func drip(_ bytes: [UInt8], _ pause: Duration) -> Bool {
        for byte in bytes {
            guard write([byte]) else { return false }
            sleep(pause)
        }
        return true
    }

    private func sleep(_ pause: Duration) {
        let (seconds, attoseconds) = pause.components
        var left = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        var rest = timespec()
        while nanosleep(&left, &rest) != 0, errno == EINTR { left = rest }
    }
}

/// Lengths of BER elements (X.690 §8.1.3), definite form.
enum BERLength {
    /// The length of the first element with its head; nil when the head is not complete.
    static func ofElement(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 2 else { return nil }
        let first = Int(bytes[1])
        if first < 0x80 { return 2 + first }
        let count = first & 0x7F
        guard count <= 4, bytes.count >= 2 + count else { return nil }
        return 2 + count + bytes[2..<(2 + count)].reduce(0) { $0 << 8 | Int($1) }
    }
}
