internal import Glibc
internal import NIOCore
internal import NIOPosix

/// One listening socket, whatever its kind, feeding one server.
struct HTTPListener: Sendable {
    /// Where it listens.
    let address: BoundAddress
    private let channel: any Channel
    private let file: UnixSocketFile?

    /// Binds `address`, or takes over the inherited `sockets` for `systemd`.
    ///
    /// TLS is spoken on TCP only: what comes over a Unix socket has not left the machine.
    ///
    /// - Throws: ``HTTPServerError`` with the code `cannotListen`; nothing stays bound then.
    static func bind(
        _ address: ListenAddress,
        inherited sockets: [CInt],
        server: ServerCore,
        tls: TLSContext?,
        group: any EventLoopGroup
    ) async throws(HTTPServerError) -> [HTTPListener] {
        let binder = Binder(server: server, tls: tls, group: group)
        switch address {
        case .tcp(let host, let port):
            return [try await binder.listen(address) { try await binder.bind(host: host, port: port) }]
        case .unix(let path):
            try await UnixSocketFile.prepare(path, group: group)
            return [
                try await binder.listen(address, file: path) {
                    try await binder.bootstrap(tls: nil).bind(unixDomainSocketPath: path).get()
                }
            ]
        case .systemd:
            guard !sockets.isEmpty else {
                throw HTTPServerError(.cannotListen, "cannot listen on systemd: it handed over no socket")
            }
            var listeners: [HTTPListener] = []
            for socket in sockets {
                listeners.append(try await binder.listen(address) { try await binder.take(socket) })
            }
            return listeners
        }
    }

    /// Accepts no further connection; those accepted go on.
    func close() async {
        // NIO drops a connection that it has accepted and not yet set up when its listener closes: none is accepted any
        // more, and those get the time they need. Whoever connects meanwhile waits in the backlog of a socket of systemd's.
        try? await channel.setOption(.autoRead, value: false).get()
        try? await channel.eventLoop.scheduleTask(in: .milliseconds(100)) {}.futureResult.get()
        try? await channel.close().get()
        file?.remove()
    }

    private struct Binder {
        let server: ServerCore
        let tls: TLSContext?
        let group: any EventLoopGroup

        func bootstrap(tls: TLSContext?) -> ServerBootstrap {
            ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: CInt(clamping: server.limits.backlog))
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                // A client may close its sending side and still wait for its answer.
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                // One buffer a turn, so that what is read ahead of an answer stays within one buffer.
                .childChannelOption(.maxMessagesPerRead, value: 1)
                .childChannelInitializer { [server] channel in server.configure(channel, tls: tls) }
        }

        func bind(host: String, port: Int) async throws -> any Channel {
            let address: SocketAddress
            if let literal = try? SocketAddress(ipAddress: host, port: port) {
                address = literal
            } else {
                // getaddrinfo(3) blocks.
                address = try await NIOThreadPool.singleton.runIfActive {
                    try SocketAddress.makeAddressResolvingHost(host, port: port)
                }
            }
            guard address.protocol == .inet6 else { return try await bootstrap(tls: tls).bind(to: address).get() }
            // NIO opens IPv6 sockets for both families, so that [::] would take the port of an 0.0.0.0 listed beside it
            // (IPV6_V6ONLY of ipv6(7)). Each line of the configuration is the one address it names.
            return try await bootstrap(tls: tls)
                .serverChannelOption(
                    ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only),
                    value: 1
                )
                .bind(to: address).get()
        }

        func take(_ socket: CInt) async throws -> any Channel {
            // SO_DOMAIN of socket(7).
            var family: CInt = AF_UNSPEC
            var length = socklen_t(MemoryLayout<CInt>.size)
            let isKnown = unsafe getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &length) == 0
            let isLocal = isKnown && family == AF_UNIX
            return try await bootstrap(tls: isLocal ? nil : tls).withBoundSocket(socket).get()
        }

        func listen(
            _ address: ListenAddress,
            file path: String? = nil,
            _ bind: () async throws -> any Channel
        ) async throws(HTTPServerError) -> HTTPListener {
            do {
                let channel = try await bind()
                let file = try path.map { path throws(HTTPServerError) in try UnixSocketFile(bound: path) }
                guard let local = channel.localAddress else { throw ChannelError.unknownLocalAddress }
                var isSecure = tls != nil
                if case .unixDomainSocket = local { isSecure = false }
                return HTTPListener(
                    address: BoundAddress(local, isSecure: isSecure),
                    channel: channel,
                    file: file
                )
            } catch let error as HTTPServerError {
                throw error
            } catch {
                throw HTTPServerError(
                    .cannotListen,
                    "cannot listen on \(address): \(Self.reason(error)); \(Self.remedy(error, address))",
                    cause: error
                )
            }
        }

        private static func reason(_ error: any Error) -> String {
            guard let error = error as? IOError else { return "\(error)" }
            return unsafe strerror(error.errnoCode).map { unsafe String(cString: $0) } ?? "error \(error.errnoCode)"
        }

        private static func remedy(_ error: any Error, _ address: ListenAddress) -> String {
            switch ((error as? IOError)?.errnoCode, address) {
            case (EADDRINUSE, _): "another program has it (ss -ltnp names it): stop that one, or choose another address"
            case (EADDRNOTAVAIL, _): "no network interface of this machine has that address (ip address lists them)"
            case (EACCES, .tcp): "ports below 1024 are for root: choose another, or let systemd listen"
            case (EACCES, _): "the daemon's user may not write into that folder"
            case (ENOENT, .unix): "make the folder it shall lie in, owned by the daemon's user"
            default: "correct http.listen or http.admin_listen"
            }
        }
    }
}
