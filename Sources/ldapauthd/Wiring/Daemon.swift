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
        logger.info("ldapauthd \(Version.number) starts", metadata: ["configuration": "\(configuration.file)"])
        warnOfWaivedProtection()
        let clients = try configuration.tokenClients()
        let http = try configuration.http.settings(sockets: environment.sockets)
        let foundations = try await Foundations.open(configuration, clients: clients, logger: logger)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: NIOCore.System.coreCount)
        do {
            let rooms = try Rooms(
                configuration,
                clients: clients,
                foundations: foundations,
                audit: configuration.log.audit ? AuditLog(output) : NoAudit()
            )
            try await serve(rooms, foundations: foundations, http: http, group: group)
            for directory in rooms.directories { await directory.shutdown() }
        } catch {
            await close(foundations, group)
            throw failure(error)
        }
        await close(foundations, group)
        logger.info("ldapauthd has stopped")
    }

    private func serve(
        _ rooms: Rooms,
        foundations: Foundations,
        http: HTTPSettings,
        group: MultiThreadedEventLoopGroup
    ) async throws {
        let gate = StartGate(
            listeners: http.adminListen.isEmpty ? 1 : 2,
            manager: manager,
            rooms: rooms,
            logger: logger
        )
        let usesLocal = configuration.usesLocalAccounts
        let health = Health(poller: foundations.poller, pools: foundations.pools, group: group)
        let maintenance = StoreMaintenance(store: foundations.store, logger: logger)
        let rotation = KeyRotation(keys: foundations.keys, logger: logger)
        let status = StatusLine(manager: manager, rooms: rooms)
        var services: [any Service] = [
            LoopService { await foundations.feed.run() },
            LoopService { await foundations.throttle.run() },
            LoopService { await rotation.run() },
            LoopService { await maintenance.run() },
            LoopService { [manager] in await manager.keepAlive { await health.isWell() } },
            LoopService { await status.run() },
            HangupService(logger: logger),
        ]
        if !http.adminListen.isEmpty {
            services.append(
                AdminServer(
                    settings: http,
                    readiness: { await rooms.readiness(foundations, usesLocal: usesLocal) },
                    group: group,
                    logger: logger,
                    onReady: { _ in await gate.listens() }
                )
            )
        }
        services.append(
            try await APIServer(
                settings: http,
                state: APIState(APIState.Application(tokens: rooms.tokens, setting: rooms.setting)),
                group: group,
                logger: logger,
                onReady: { _ in await gate.listens() }
            )
        )
        if manager.isPresent { services.append(StoppingService(manager: manager)) }
        // Services stop in reverse order: first systemd hears of it, then nobody new is let in, last the feed ends.
        var settings = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
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
        // Nothing can be done about event loops that do not end, and the process ends anyway.
        try? await group.shutdownGracefully()
        await foundations.close()
    }

    private func failure(_ error: any Error) -> any Error {
        switch error {
        case let error as HTTPServerError:
            CommandFailure(error.code == .certificate ? .configuration : .unavailable, error.reason)
        default: error
        }
    }

    /// What the configuration has switched off on purpose is said at each start, so that nobody forgets it.
    private func warnOfWaivedProtection() {
        let http = configuration.http
        if http.allowCleartext && !http.isGuarded {
            logger.warning("http.allow_cleartext: passwords may reach this daemon in clear text")
        }
        if !configuration.throttle.limitsAccounts {
            logger.warning("[throttle] lets anybody guess at one account without end: account_failures or a wait is 0")
        }
        for directory in configuration.directories {
            let name: Logger.Metadata = ["directory": "\(directory.name)"]
            if directory.verify == .insecureNone {
                logger.warning(
                    "verify is insecure-none: nobody checks the certificate of the directory",
                    metadata: name
                )
            }
            let sendsCleartext = directory.urls.contains { url in
                url.scheme == .ldap && !directory.startTLS && !CleartextRule.isLoopback(url.host)
            }
            if sendsCleartext {
                logger.warning("allow_cleartext: passwords are sent to the directory in clear text", metadata: name)
            }
        }
    }
}

extension Configuration {
    /// True when some request can reach the local accounts.
    var usesLocalAccounts: Bool {
        authentication.order.contains(.local) || !authentication.fallbackToLocal.isEmpty
            || clients.contains { $0.sources.contains(.local) }
    }
}
