// API: let proxy = try FaultProxy.start(to: slapd.port); proxy.port; proxy.mode = .blackHole; proxy.mode = .pass; proxy.stop()
//
// A network between a client and a real server that can be broken in the ways networks break, and mended again.

import Glibc
import Synchronization

/// A TCP proxy on loopback with faults.
public final class FaultProxy: Sendable {
    /// What is wrong.
    public enum Mode: Sendable, Hashable {
        /// Nothing.
        case pass
        /// Nobody listens; open connections are reset.
        case refuse
        /// New connections get no answer at all; open ones are forgotten.
        case blackHole
        /// New connections are accepted; nothing is passed on. Connections of that time stay dead for ever, as behind a
        /// firewall that has forgotten them.
        case halfOpen
        /// An answer is cut after five octets by RST.
        case resetInMessage
        /// Answers come at one octet a second.
        case drip
        /// Answers come two seconds late.
        case delay
        /// A notice of disconnection for every request, then the end (RFC 4511 §4.4.1).
        case notice
        /// Something that is no LDAP for every request.
        case garbage
        /// To another port of loopback.
        case elsewhere(Int)
    }

    /// The port on 127.0.0.1.
    public let port: Int
    private let upstream: Int
    fileprivate let state: Mutex<State>

    fileprivate struct State {
        var mode = Mode.pass
        var listener: Int32
        var fillers: [Int32] = []
        var isStopped = false
        var open = 0
    }

    private init(port: Int, upstream: Int, listener: Int32) {
        self.port = port
        self.upstream = upstream
        state = Mutex(State(listener: listener))
    }

    /// Passes everything on to a port of loopback.
    public static func start(to upstream: Int) throws -> FaultProxy {
        for _ in 0..<20 {
            let port = try freePort()
            guard let listener = listen(on: port) else { continue }
            let proxy = FaultProxy(port: port, upstream: upstream, listener: listener)
            startThread { proxy.acceptAll() }
            return proxy
        }
        throw TestSupportError("no port could be bound")
    }

    /// What is wrong now.
    public var mode: Mode {
        get { state.withLock { $0.mode } }
        set { state.withLock { $0.change(to: newValue, port: port) } }
    }

    /// How many connections are open.
    public var openConnections: Int { state.withLock { $0.open } }

    /// Ends it and every connection.
    public func stop() {
        state.withLock { state in
            state.change(to: .refuse, port: port)
            state.isStopped = true
        }
    }

    private static func listen(on port: Int) -> Int32? {
        let listener = socket(AF_INET, streamSocket | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard listener >= 0 else { return nil }
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port: port)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if bound == 0, Glibc.listen(listener, 128) == 0 { return listener }
        close(listener)
        return nil
    }

    private func acceptAll() {
        while true {
            let (accepted, ends) = state.withLock { state -> (Int32, Bool) in
                guard !state.isStopped else { return (-1, true) }
                guard state.listener >= 0, state.mode != .blackHole else { return (-1, false) }
                let socket = Spawner.descriptorLock.withLock { _ in
                    let socket = accept(state.listener, nil, nil)
                    if socket >= 0 { _ = fcntl(socket, F_SETFD, FD_CLOEXEC) }
                    return socket
                }
                if socket >= 0 { state.open += 1 }
                return (socket, false)
            }
            if ends { return }
            guard accepted >= 0 else {
                usleep(2_000)
                continue
            }
            startThread { [self] in
                var connection = ProxiedConnection(client: accepted)
                while connection.turn(mode: mode, upstream: upstream) {}
                connection.end()
                state.withLock { $0.open -= 1 }
            }
        }
    }
}

extension FaultProxy.State {
    fileprivate mutating func change(to mode: FaultProxy.Mode, port: Int) {
        self.mode = mode
        for filler in fillers { close(filler) }
        fillers = []
        switch mode {
        case .refuse:
            if listener >= 0 { close(listener) }
            listener = -1
        case .blackHole:
            guard listener >= 0 else { return }
            Glibc.listen(listener, 0)
            for _ in 0..<8 {
                let filler = socket(AF_INET, streamSocket | Int32(SOCK_NONBLOCK.rawValue), 0)
                var address = loopback(port: port)
                _ = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(filler, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
                fillers.append(filler)
            }
        default:
            if listener < 0 { listener = FaultProxy.reopen(port) } else { Glibc.listen(listener, 128) }
        }
    }
}

extension FaultProxy {
    fileprivate static func reopen(_ port: Int) -> Int32 {
        for _ in 0..<200 {
            if let listener = listen(on: port) { return listener }
            usleep(5_000)
        }
        return -1
    }
}

/// One connection through the proxy, on a thread of its own.
private struct ProxiedConnection {
    /// POLLRDHUP of poll(2), which only GNU sources see.
    private static let hangUp: Int32 = 0x2000

    private let client: Int32
    private var server: Int32 = -1
    private var isForgotten = false
    private var late: [(due: ContinuousClock.Instant, bytes: [UInt8])] = []

    init(client: Int32) { self.client = client }

    func end() {
        close(client)
        if server >= 0 { close(server) }
    }

    /// Does what there is to do within 10 ms; false at the end.
    mutating func turn(mode: FaultProxy.Mode, upstream: Int) -> Bool {
        if mode == .refuse { return reset() }
        if mode == .halfOpen || mode == .blackHole { isForgotten = true }
        if server < 0, !isForgotten {
            let port = if case .elsewhere(let other) = mode { other } else { upstream }
            guard let socket = connectLoopback(port: port, seconds: 5) else { return reset() }
            server = socket
        }
        var sockets = [
            pollfd(fd: client, events: Int16(isForgotten ? Self.hangUp : POLLIN), revents: 0),
            pollfd(fd: isForgotten ? -1 : server, events: Int16(POLLIN), revents: 0),
        ]
        poll(&sockets, 2, 10)
        if isForgotten { return sockets[0].revents == 0 }
        while let first = late.first, first.due <= .now {
            late.removeFirst()
            guard write(first.bytes, to: client) else { return false }
        }
        if sockets[0].revents != 0, !fromClient(mode) { return false }
        if sockets[1].revents != 0, !fromServer(mode) { return false }
        return true
    }

    private mutating func fromClient(_ mode: FaultProxy.Mode) -> Bool {
        guard let bytes = read(client) else { return false }
        switch mode {
        case .notice:
            let name = LDAPReply.element(0x8A, Array("1.3.6.1.4.1.1466.20036".utf8))
            let result: [UInt8] = [0x0A, 0x01, 52, 0x04, 0x00] + LDAPReply.element(0x04, Array("going down".utf8))
            _ = write(LDAPReply.message(to: [], operation: LDAPReply.element(0x78, result + name)), to: client)
            return false
        case .garbage: return write(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), to: client)
        default: return write(bytes, to: server)
        }
    }

    private mutating func fromServer(_ mode: FaultProxy.Mode) -> Bool {
        guard let bytes = read(server) else { return false }
        switch mode {
        case .resetInMessage:
            _ = write(Array(bytes.prefix(5)), to: client)
            // Read before the reset throws it away.
            usleep(20_000)
            return reset()
        case .drip:
            let begin = max(late.last?.due ?? .now, .now)
            for (index, byte) in bytes.prefix(64).enumerated() {
                late.append((begin + .seconds(index + 1), [byte]))
            }
            return true
        case .delay:
            late.append((.now + .seconds(2), bytes))
            return true
        default: return write(bytes, to: client)
        }
    }

    private func read(_ socket: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = recv(socket, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    private func write(_ bytes: [UInt8], to socket: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Ends the client's side with RST.
    private func reset() -> Bool {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        return false
    }
}
