import EventPoller
import Glibc

/// Makes connections to one host: resolves, connects, shakes hands, binds the service identity. The pools, `check` and the
/// tests all go this way.
struct LDAPDialer: Sendable {
    /// What one step of a connect did.
    typealias Steps = [LDAPConnectReport.Step]

    let settings: LDAPHostSettings
    let poller: EventPoller
    let pool: BlockingPool
    let resolver: NameResolver
    let refusals: ServiceRefusals
    let gate: HandshakeGate
    let peerCertificate = PeerCertificate()

    init(
        settings: LDAPHostSettings,
        poller: EventPoller,
        pool: BlockingPool,
        resolver: NameResolver,
        refusals: ServiceRefusals = ServiceRefusals()
    ) {
        self.settings = settings
        self.refusals = refusals
        self.poller = poller
        self.pool = pool
        self.resolver = resolver
        gate = HandshakeGate(poller: poller)
    }

    /// A connection, not bound, watched by the poller. Call it on the poller's thread.
    /// - Throws: `.nameResolution`, `.connect`, `.tls`, `.overloaded` or `.cancelled`; nothing was written for a caller.
    func dial(
        id: Int,
        deadline: ContinuousClock.Instant,
        steps: inout Steps
    ) async throws(LDAPError) -> LDAPConnection {
        let addresses = try await resolve(deadline, &steps)
        let connected = try await connect(addresses, deadline, &steps)
        let begun = ContinuousClock.now
        let usesTLS = settings.url.scheme == .ldaps || settings.startTLS
        do throws(LDAPError) {
            let connection = try await adopt(connected.socket, id, usesTLS, deadline)
            if usesTLS {
                try await secure(connection, deadline)
                steps.append(.init(.tls, begun, settings.startTLS ? "StartTLS" : "ldaps"))
            }
            try await connection.startWatching()
            return connection
        } catch {
            steps.append(.init(usesTLS ? .tls : .connect, begun, "", error))
            throw error
        }
    }

    private func resolve(
        _ deadline: ContinuousClock.Instant,
        _ steps: inout Steps
    ) async throws(LDAPError) -> [SocketAddress] {
        let begun = ContinuousClock.now
        let url = settings.url
        if url.scheme == .ldapi {
            guard let address = SocketAddress(path: url.host.isEmpty ? LDAPURL.defaultSocketPath : url.host) else {
                throw LDAPError(.invalidArgument, "\(url): the path is too long for a socket")
            }
            return [address]
        }
        do throws(LDAPError) {
            let addresses = try await resolver.addresses(
                of: url.host,
                port: url.port,
                deadline: deadline,
                on: poller
            )
            steps.append(.init(.resolve, begun, addresses.map(\.description).joined(separator: ", ")))
            return addresses
        } catch {
            steps.append(.init(.resolve, begun, "", error))
            throw error
        }
    }

    private func connect(
        _ addresses: [SocketAddress],
        _ deadline: ContinuousClock.Instant,
        _ steps: inout Steps
    ) async throws(LDAPError) -> TCPConnector.Connected {
        let begun = ContinuousClock.now
        do throws(LDAPError) {
            let connected = try await TCPConnector(poller: poller, addresses: addresses).connect(deadline: deadline)
            if settings.url.scheme != .ldapi { keepAlive(connected.socket) }
            steps.append(.init(.connect, begun, connected.address.description))
            return connected
        } catch {
            let failure = LDAPError(error.code, "\(settings.url): cannot connect: \(error.message)")
            steps.append(.init(.connect, begun, "", failure))
            throw failure
        }
    }

    /// On the pool when it may block: the first handle of a process, and each with TLS, which reads its files.
    private func adopt(
        _ socket: OpenDescriptor,
        _ id: Int,
        _ usesTLS: Bool,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> LDAPConnection {
        let (url, tls) = (settings.url, usesTLS ? settings.tls : nil)
        let maximum = settings.maximumResponseBytes
        if !usesTLS, LDAPHandle.isLibraryReady {
            let handle = try LDAPHandle(adopting: socket, url: url, tls: nil, maximumMessageBytes: maximum)
            return LDAPConnection(id: id, place: url.description, handle: handle, poller: poller)
        }
        let made: Result<LDAPHandle, LDAPError>
        do throws(BlockingPool.GivenUp) {
            made = try await pool.run(until: deadline, on: poller) {
                Result { () throws(LDAPError) in
                    try LDAPHandle(adopting: socket, url: url, tls: tls, maximumMessageBytes: maximum)
                }
            }
        } catch {
            switch error.reason {
            case .cancelled: throw LDAPError(.cancelled, "\(url): cancelled while connecting")
            case .full: throw LDAPError(.overloaded, "\(url): too many connections are being made")
            default: throw LDAPError(.overloaded, "\(url): no thread was free to make a connection in time")
            }
        }
        return LDAPConnection(id: id, place: url.description, handle: try made.get(), poller: poller)
    }

    private func secure(
        _ connection: LDAPConnection,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) {
        if settings.startTLS {
            try await connection.startWatching()
            do throws(LDAPError) {
                try await connection.startTLS(deadline: deadline)
            } catch {
                await connection.close(error)
                guard error.code == .timeout || error.code == .connectionLost else { throw error }
                throw LDAPError(.tls, "\(settings.url): StartTLS: \(error.message)")
            }
        }
        do throws(LDAPError) {
            try await gate.enter(settings.url.description, deadline: deadline)
        } catch {
            await connection.close(error)
            throw error
        }
        do throws(LDAPError) {
            peerCertificate.note(try await connection.shakeHands(on: pool, deadline: deadline))
            await gate.leave(succeeded: true)
        } catch {
            await gate.leave(succeeded: false)
            await connection.close(error)
            throw error
        }
    }

    /// Firewalls forget idle connections: probes keep those in use known, and find those that are dead (tcp(7)).
    private func keepAlive(_ socket: OpenDescriptor) {
        guard let descriptor = socket.raw else { return }
        let patience = Int32(clamping: (settings.operationTimeout * 2).components.seconds * 1000)
        let options: [(Int32, Int32, Int32)] = [
            (SOL_SOCKET, SO_KEEPALIVE, 1), (Int32(IPPROTO_TCP), TCP_KEEPIDLE, 60),
            (Int32(IPPROTO_TCP), TCP_KEEPINTVL, 15), (Int32(IPPROTO_TCP), TCP_KEEPCNT, 4),
            (Int32(IPPROTO_TCP), TCP_NODELAY, 1), (Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, max(1000, patience)),
        ]
        for (level, name, value) in options {
            var value = value
            unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }
}
