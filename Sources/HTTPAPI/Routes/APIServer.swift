public import Logging
public import NIOCore
public import ServiceLifecycle
internal import Tokens

/// The public API as a service: construct it once, run it in a service group, reload its certificate when told to.
///
/// Limits and listeners are fixed for its life, and whether they speak TLS. What it answers from is `APIState`, replaceable
/// at any time; the rest of `[http]` is replaced by ``prepare(_:)`` and ``adopt(_:)``.
public struct APIServer: Service {
    /// The replaceable part of `[http]`, read and judged but not in force yet.
    public struct Preparation: Sendable {
        let settings: HTTPSettings
        let certificate: TLSContext.Pair?
    }

    private let server: HTTPServer
    private let responder: ReplaceableResponder
    private let state: APIState
    private let counts: RequestCounts
    private let tls: TLSContext?
    private let interval: Duration
    private let onReady: @Sendable ([BoundAddress]) async -> Void
    private let logger: Logger

    /// Reads the TLS files, if any; nothing is bound before ``run()``.
    ///
    /// - Parameters:
    ///   - settings: `[http]`.
    ///   - state: what the endpoints speak for.
    ///   - group: the event loops; the caller shuts them down after ``run()`` has returned.
    ///   - logger: requests at debug level, failures at error level.
    ///   - onReady: called once, when every listener listens, with where they do.
    /// - Throws: ``HTTPServerError`` with the code `certificate`.
    public init(
        settings: HTTPSettings,
        state: APIState,
        group: any EventLoopGroup,
        logger: Logger,
        onReady: @escaping @Sendable ([BoundAddress]) async -> Void = { _ in }
    ) async throws(HTTPServerError) {
        var tls: TLSContext?
        if let files = settings.tls { tls = try await TLSContext.load(files) }
        self.tls = tls
        interval = settings.certificateCheckInterval
        self.onReady = onReady
        self.logger = logger
        self.state = state
        counts = RequestCounts(paths: Self.endpoints(state).map(\.path))
        responder = ReplaceableResponder(
            Self.responder(settings, state: state, counts: counts, logger: logger)
        )
        server = HTTPServer(
            core: ServerCore(limits: settings.limits, responder: responder, logger: logger),
            listen: settings.listen,
            inheritedSockets: settings.inheritedSockets,
            tls: tls,
            group: group
        )
    }

    private static func responder(
        _ settings: HTTPSettings,
        state: APIState,
        counts: RequestCounts,
        logger: Logger
    ) -> EndpointResponder {
        EndpointResponder(
            table: EndpointTable(
                endpoints(state, basePath: settings.basePath),
                basePath: settings.basePath,
                counts: counts
            ),
            proxies: settings.trustedProxies,
            requiresTLS: settings.requiresTLS,
            crossOrigin: CrossOrigin(origins: settings.corsOrigins),
            logger: logger
        )
    }

    /// The table that drives the routes, in the order in which a reader meets them.
    static func endpoints(_ state: APIState, basePath: String = "") -> [Endpoint] {
        let rows = [
            TokenEndpoints.login(state), TokenEndpoints.token(state),
            QueryEndpoints.introspect(state), QueryEndpoints.revoke(state),
            PersonEndpoints.logout(state), PersonEndpoints.userInfo(state),
            PersonEndpoints.sessions(state), PersonEndpoints.endSession(state),
            PasswordEndpoint.change(state),
            ForwardAuthEndpoint.verify(state),
            PublicEndpoints.authenticationSetting(state), PublicEndpoints.authorizationServer(state),
            PublicEndpoints.openIDConfiguration(state), PublicEndpoints.keySet(state),
        ]
        return HelpEndpoints.adding(to: rows, basePath: basePath, issuer: state.current.tokens.metadata().issuer)
    }

    /// Listens and serves until a graceful shutdown, then lets requests in flight be answered for `shutdownGrace`.
    ///
    /// - Throws: ``HTTPServerError`` with the code `cannotListen`.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [server, onReady] in try await server.run(onReady: onReady) }
            group.addTask { await watchCertificate() }
            // The watcher ends by itself at shutdown; the server is what is waited for, or what fails.
            try await group.next()
            try await group.waitForAll()
        }
    }

    /// Reads what ``adopt(_:)`` will put in force: base path, proxies, `require_tls`, origins, certificate and key. Everything
    /// else in `settings` is ignored; without TLS from the start, so are the TLS files.
    ///
    /// - Throws: ``HTTPServerError`` with the code `certificate`; nothing has changed then.
    public func prepare(_ settings: HTTPSettings) async throws(HTTPServerError) -> Preparation {
        var certificate: TLSContext.Pair?
        if tls != nil, let files = settings.tls { certificate = try await TLSContext.read(files) }
        return Preparation(settings: settings, certificate: certificate)
    }

    /// Answers requests by `preparation` from now on, and shows its certificate to new connections. The pages about the API
    /// are made anew, with the issuer that is in force now.
    public func adopt(_ preparation: Preparation) {
        responder.replace(with: Self.responder(preparation.settings, state: state, counts: counts, logger: logger))
        if let certificate = preparation.certificate { tls?.adopt(certificate) }
    }

    /// Connections that are open, or whose work has not ended.
    public var connections: Int { server.core.registry.count }

    /// Connections closed at once because there were `maxConnections`.
    public var refusedConnections: Int { server.core.registry.refused }

    /// What each endpoint has answered so far.
    public var endpointStatistics: [EndpointStatistics] { counts.snapshot }

    /// When the certificate in use ends, in seconds since the epoch; nil without TLS.
    public var certificateExpiry: Int64? { tls?.expiry }

    private func watchCertificate() async {
        guard let tls else { return }
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: interval)) != nil {
                guard await tls.filesHaveChanged() else { continue }
                do {
                    if try await tls.reload() { logger.notice("TLS certificate replaced") }
                } catch {
                    logger.error("TLS certificate not replaced, the old one stays", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
