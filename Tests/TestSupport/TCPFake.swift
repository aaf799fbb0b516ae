// API: let fake = try TCPFake.start(.silent)                     // accepts, reads, never answers
//      try TCPFake.start(.script([.readMessage, .drip(bytes, every: .seconds(1))]))
//      try TCPFake.start(.perConnection { number in [.readMessage, .reply { request in bytes }] })
//      try TCPFake.start(.blackHole)                             // the connect itself gets no answer
//      fake.port, fake.connections (accepted so far), fake.received (bytes, all connections), fake.stop()
//      LDAPReply.bind(messageID:resultCode:), LDAPReply.messageID(of:)
//
// What no real server does, on 127.0.0.1. After its script a connection stays open and is read until `stop()`, unless the
// script ends it with `.close` or `.reset`.

import Glibc
import Synchronization

/// A scripted TCP server.
public final class TCPFake: Sendable {
    /// What to do with a connection, in order.
    public enum Step: Sendable {
        /// Waits until at least one byte came.
        case read
        /// Waits for one whole BER element (an LDAP message).
        case readMessage
        /// Sends bytes at once.
        case send([UInt8])
        /// Sends what the closure makes of the last `.read` or `.readMessage`.
        case reply(@Sendable ([UInt8]) -> [UInt8])
        /// Sends byte by byte.
        case drip([UInt8], every: Duration)
        /// Like `.drip`, the bytes made from the last thing read.
        case dripReply(every: Duration, @Sendable ([UInt8]) -> [UInt8])
        /// Does nothing for a while.
        case wait(Duration)
        /// Ends the stream in order (FIN).
        case close
        /// Ends it with RST (SO_LINGER 0).
        case reset
    }

    /// How the server behaves.
    public enum Behaviour: Sendable {
        /// Accepts, reads and never answers.
        case silent
        /// The same steps for each connection.
        case script([Step])
        /// Steps by the number of the connection, the first being 0.
        case perConnection(@Sendable (Int) -> [Step])
        /// Listens with a full backlog: SYNs are dropped, a connect hangs.
        case blackHole
    }

    /// The port on 127.0.0.1.
    public let port: Int
    private let listener: Int32
    private let state: Replaceable<State>

    private struct State: Sendable {
        var connections = 0
        var received: [UInt8] = []
        /// Open sockets; a worker that finds its own missing has been stopped.
        var open: Set<Int32> = []
        var fillers: [Int32] = []
        var isStopped = false
        /// True while a thread accepts: it closes the listener itself, or it would go on with a number that is by then
        /// another fake's.
        var isAccepting = false
    }

    private init(port: Int, listener: Int32) {
        self.port = port
        self.listener = listener
        state = Replaceable(State())
    }

    deinit { stop() }

    /// Starts listening.
    public static func start(_ behaviour: Behaviour) throws -> TCPFake {
        let isBlackHole = if case .blackHole = behaviour { true } else { false }
        for _ in 0..<20 {
            let port = try freePort()
            let listener = socket(AF_INET, streamSocket | Int32(SOCK_NONBLOCK.rawValue), 0)
            guard listener >= 0 else { continue }
            var address = loopback(port: port)
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard bound == 0, listen(listener, isBlackHole ? 0 : 128) == 0 else {
                Glibc.close(listener)
                continue
            }
            let fake = TCPFake(port: port, listener: listener)
            switch behaviour {
            case .silent: fake.acceptAll { _ in [] }
            case .script(let steps): fake.acceptAll { _ in steps }
            case .perConnection(let steps): fake.acceptAll(steps)
            case .blackHole: fake.fillBacklog()
            }
            return fake
        }
        throw TestSupportError("no port could be bound")
    }

    /// How many connections were accepted.
    public var connections: Int { state.value.connections }
    /// Everything received, in order of arrival.
    public var received: [UInt8] { state.value.received }
    /// How many connections are open now.
    public var openConnections: Int { state.value.open.count }

    /// Closes the listener and every connection; harmless when repeated.
    public func stop() {
        let fillers = state.update { state in
            if state.isStopped { return [Int32]() }
            state.isStopped = true
            // Threads that read return at once; each closes its own socket.
            for socket in state.open { shutdown(socket, Int32(SHUT_RDWR)) }
            guard state.isAccepting else { return state.fillers + [listener] }
            shutdown(listener, Int32(SHUT_RDWR))
            return state.fillers
        }
        for socket in fillers {
            shutdown(socket, Int32(SHUT_RDWR))
            Glibc.close(socket)
        }
    }

    private func fillBacklog() {
        for _ in 0..<8 {
            let filler = socket(AF_INET, streamSocket | Int32(SOCK_NONBLOCK.rawValue), 0)
            var address = loopback(port: port)
            _ = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(filler, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            state.update { $0.fillers.append(filler) }
        }
    }

    private func acceptAll(_ steps: @escaping @Sendable (Int) -> [Step]) {
        let (listener, state) = (listener, state)
        state.update { $0.isAccepting = true }
        startThread {
            defer {
                state.update { state in
                    state.isAccepting = false
                    Glibc.close(listener)
                    // Nobody else may close it again.
                    state.isStopped = true
                    for socket in state.open { shutdown(socket, Int32(SHUT_RDWR)) }
                }
            }
            while true {
                guard let socket = Self.accept(listener) else { return }
                let number = state.update { state -> Int? in
                    guard !state.isStopped else { return nil }
                    state.connections += 1
                    state.open.insert(socket)
                    return state.connections - 1
                }
                guard let number else {
                    Glibc.close(socket)
                    return
                }
                startThread { Self.serve(socket, steps(number), state) }
            }
        }
    }

    /// Waits for the next connection; nil when the listener was shut down. The listener does not block, so that no child
    /// process made in the meantime inherits the socket.
    private static func accept(_ listener: Int32) -> Int32? {
        while true {
            var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, -1) > 0 || errno == EINTR else { return nil }
            let (socket, error) = Spawner.descriptorLock.withLock { _ -> (Int32, Int32) in
                let socket = Glibc.accept(listener, nil, nil)
                let error = errno
                if socket >= 0 { _ = fcntl(socket, F_SETFD, FD_CLOEXEC) }
                return (socket, error)
            }
            if socket >= 0 { return socket }
            guard [EINTR, EAGAIN, ECONNABORTED].contains(error) else { return nil }
        }
    }

    private static func serve(_ socket: Int32, _ steps: [Step], _ state: Replaceable<State>) {
        defer {
            state.update { state in
                state.open.remove(socket)
                Glibc.close(socket)
            }
        }
        var connection = FakeConnection(socket: socket) { bytes in state.update { $0.received += bytes } }
        for step in steps {
            guard connection.perform(step) else { return }
        }
        while connection.readSome() {}
    }
}

/// Runs a closure on a thread of its own.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Box(body)).toOpaque()
    let result = pthread_create(
        &thread,
        nil,
        { context in
            guard let context else { return nil }
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
            return nil
        },
        context
    )
    if result == 0 { pthread_detach(thread) } else { Unmanaged<Box>.fromOpaque(context).release() }
}
