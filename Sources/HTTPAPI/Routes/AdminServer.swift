public import Logging
public import NIOCore
public import ServiceLifecycle

/// `/healthz`, `/readyz` and `/metrics` on `http.admin_listen`, apart from the public listeners.
public struct AdminServer: Service {
    private let server: HTTPServer
    private let onReady: @Sendable ([BoundAddress]) async -> Void

    /// A server for `settings.adminListen`; nothing is bound before ``run()``.
    ///
    /// - Parameters:
    ///   - settings: `[http]`; TLS, proxies and base path do not apply here.
    ///   - readiness: asked for every `/readyz`; it must not wait for anything outside.
    ///   - metrics: asked for every `/metrics`: a page and its media type.
    ///   - group: the event loops; the caller shuts them down after ``run()`` has returned.
    ///   - logger: requests at debug level, failures at error level.
    ///   - onReady: called once, when every listener listens, with where they do.
    public init(
        settings: HTTPSettings,
        readiness: @escaping @Sendable () async -> ReadinessReport,
        metrics: @escaping @Sendable () async -> (type: String, page: [UInt8]),
        group: any EventLoopGroup,
        logger: Logger,
        onReady: @escaping @Sendable ([BoundAddress]) async -> Void = { _ in }
    ) {
        var limits = settings.limits
        limits.maxConnections = 64
        let table = EndpointTable([
            AdminEndpoints.health(), AdminEndpoints.readiness(readiness), AdminEndpoints.metrics(metrics),
        ])
        server = HTTPServer(
            core: ServerCore(
                limits: limits,
                responder: EndpointResponder(table: table, logger: logger),
                logger: logger
            ),
            listen: settings.adminListen,
            inheritedSockets: settings.adminInheritedSockets,
            tls: nil,
            group: group
        )
        self.onReady = onReady
    }

    /// Listens and serves until a graceful shutdown.
    ///
    /// - Throws: ``HTTPServerError`` with the code `cannotListen`.
    public func run() async throws {
        try await server.run(onReady: onReady)
    }
}
