import Authentication
import DirectoryAuth
import HTTPAPI
import LDAPClient
import Logging
import NIOCore
import NIOPosix
import Observability
import ServiceLifecycle
import Storage
import Tokens
import UnixSignals

/// The running daemon: every room built from one configuration, its services started and stopped in order.
struct Daemon {
    private let configuration: Configuration
    private let environment: ServiceEnvironment
    private let output: LogOutput
    private let manager: ServiceManager
    private let logger: Logger

    init(configuration: Configuration, environment: ServiceEnvironment, output: LogOutput) {
        self.configuration = configuration
        self.environment = environment
        self.output = output
        manager = ServiceManager(environment)
        logger = Logger(label: "ldapauthd")
    }

    /// Serves until it is told to stop.
    func run() async throws {
        // Before anything else: until it is trapped, SIGHUP ends the process.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        logger.info("ldapauthd \(Version.number) starts", metadata: ["configuration": "\(configuration.file)"])
        configuration.warnOfWaivedProtection(logger)
        let clients = try configuration.tokenClients()
        var http = try configuration.http.settings(sockets: environment.sockets)
        if configuration.kerberos.keytab != nil { http.limits.admitTickets() }
        guard let foundations = try await foundations(clients) else {
            return logger.info("ldapauthd has stopped before it served")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: NIOCore.System.coreCount)
        do {
            let rooms = try Rooms(configuration, clients: clients, foundations: foundations)
            rooms.start()
            let inForce = InForce(rooms)
            try await serve(inForce, foundations: foundations, http: http, hangups: hangups, group: group)
            for running in inForce.rooms.directories { await running.directory.shutdown() }
        } catch {
            await close(foundations, group)
            throw failure(error)
        }
        await close(foundations, group)
        logger.info("ldapauthd has stopped")
    }

    /// Nil when it was told to stop while it waited for the database.
    private func foundations(_ clients: [Tokens.Client]) async throws(CommandFailure) -> Foundations? {
        func open() async throws(CommandFailure) -> Foundations {
            try await Foundations.open(configuration, clients: clients, output: output, logger: logger)
        }
        guard configuration.storage.isPostgreSQL else { return try await open() }
        return try await StorePatience(manager: manager, logger: logger).wait(open)
    }

    private func serve(
        _ inForce: InForce,
        foundations: Foundations,
        http: HTTPSettings,
        hangups: UnixSignalsSequence,
        group: MultiThreadedEventLoopGroup
    ) async throws {
        let gate = StartGate(
            listeners: http.adminListen.isEmpty ? 1 : 2,
            manager: manager,
            logger: logger
        ) {
            StatusLine.text(inForce.rooms, foundations.metrics)
        }
        let state = APIState(inForce.rooms.application)
        let api = try await APIServer(
            settings: http,
            state: state,
            group: group,
            logger: logger,
            onReady: { _ in await gate.listens() }
        )
        let reloader = Reloader(
            Reload(
                file: ConfigurationPath.absolute(configuration.file),
                environment: environment,
                foundations: foundations,
                inForce: inForce,
                api: api,
                state: state,
                retirement: Retirement(patience: configuration.http.requestTimeout + .seconds(5), logger: logger),
                logger: logger
            ),
            manager: manager,
            logger: logger
        )
        var services = background(inForce, foundations, group)
        services.append(HangupService(hangups: hangups, reloader: reloader))
        if let path = environment.controlSocket {
            services.append(
                ControlServer(path: path, group: group, logger: logger) { await reloader.answer($0) }
            )
        }
        if !http.adminListen.isEmpty {
            let report = MetricsReport(foundations: foundations, inForce: inForce, api: api)
            services.append(
                AdminServer(
                    settings: http,
                    readiness: { await inForce.rooms.readiness(foundations) },
                    metrics: { await report.page() },
                    group: group,
                    logger: logger,
                    onReady: { _ in await gate.listens() }
                )
            )
        }
        services.append(api)
        if manager.isPresent {
            services.append(StoppingService(manager: manager, grace: configuration.http.shutdownGrace))
        }
        try await run(services)
        await reloader.finish()
    }

    /// What goes on beside the servers.
    private func background(
        _ inForce: InForce,
        _ foundations: Foundations,
        _ group: MultiThreadedEventLoopGroup
    ) -> [any Service] {
        let health = Health(poller: foundations.poller, pools: foundations.pools, group: group)
        let maintenance = StoreMaintenance(store: foundations.store, logger: logger)
        let rotation = KeyRotation(keys: foundations.keys, logger: logger)
        let status = StatusLine(manager: manager, inForce: inForce, metrics: foundations.metrics)
        return [
            LoopService { await foundations.feed.run(hearing: foundations.store.announcements()) },
            LoopService { await foundations.throttle.run() },
            LoopService { await rotation.run() },
            LoopService { await maintenance.run() },
            LoopService { [manager] in await manager.keepAlive { await health.isWell() } },
            LoopService { await status.run() },
        ]
    }

    private func run(_ services: [any Service]) async throws {
        // Services stop in reverse order: first systemd hears of it, then nobody new is let in, last the feed ends.
        // Named, because otherwise each is described with all that hangs on it.
        var settings = ServiceGroupConfiguration(
            services: services.map {
                .init(
                    service: $0,
                    successTerminationBehavior: .gracefullyShutdownGroup,
                    serviceName: "\(type(of: $0))"
                )
            },
            gracefulShutdownSignals: [],
            logger: Logger(label: "services", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        settings.maximumGracefulShutdownDuration = configuration.http.shutdownGrace + .seconds(5)
        let all = ServiceGroup(configuration: settings)
        // A signal that came before the group runs is remembered by it.
        let stopping = Task {
            await StopSignals.arrival()
            await all.triggerGracefulShutdown()
        }
        defer { stopping.cancel() }
        try await all.run()
    }

    private func close(_ foundations: Foundations, _ group: MultiThreadedEventLoopGroup) async {
        // First: what still waits for the store ends on the event loop of its request.
        await foundations.close()
        // Nothing can be done about event loops that do not end, and the process ends anyway.
        try? await group.shutdownGracefully()
    }

    private func failure(_ error: any Error) -> any Error {
        switch error {
        case let error as HTTPServerError where error.code == .cannotListen:
            CommandFailure(.unavailable, ([error.reason] + configuration.http.takenAddresses).joined(separator: "; "))
        case let error as HTTPServerError:
            CommandFailure(error.code == .certificate ? .configuration : .unavailable, error.reason)
        default: error
        }
    }
}
