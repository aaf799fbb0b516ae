import Authentication
import DirectoryAuth
import EventPoller
import HTTPAPI
import Logging
import Observability
import Storage
import Tokens

/// What one configuration becomes: made whole, replaced whole by a `Reload`. What outlives it is in `Foundations`.
struct Rooms: Sendable {
    /// What they were made from.
    let configuration: Configuration
    let directories: [RunningDirectory]
    let authenticator: Authenticator
    let tokens: TokenService
    let passwords: PasswordService
    let setting: AuthenticationSetting

    /// - Parameter keeping: directories that run; one whose settings and files are the same goes on as it is.
    init(
        _ configuration: Configuration,
        clients: [Tokens.Client],
        foundations: Foundations,
        keeping running: [RunningDirectory] = []
    ) throws(CommandFailure) {
        let sources = try Sources(
            configuration,
            accounts: foundations.store,
            poller: foundations.poller,
            pools: foundations.pools,
            throttle: foundations.throttle,
            offline: foundations.store,
            logger: foundations.logger,
            keeping: running,
            phases: { [metrics = foundations.metrics] in metrics.phases(of: $0) }
        )
        let audit = MeteredAudit(
            foundations.metrics,
            sources: configuration.sourceNames,
            clients: configuration.clients.map(\.id),
            log: configuration.log.audit ? AuditLog(foundations.output) : NoAudit()
        )
        self.configuration = configuration
        directories = sources.running
        authenticator = sources.authenticator
        tokens = TokenService(
            settings: configuration.tokens,
            clients: clients,
            sessions: foundations.store,
            keys: foundations.keys,
            revocations: foundations.revocations,
            authenticator: authenticator,
            throttle: foundations.throttle,
            hasher: sources.hasher,
            secrets: foundations.secrets,
            audit: audit,
            sourceNames: Dictionary(uniqueKeysWithValues: configuration.directories.map { (SourceID($0.id), $0.name) }),
            phases: foundations.metrics.phases(of: LoginMetrics.allSources),
            logger: foundations.logger
        )
        passwords = PasswordService(tokens, feed: foundations.feed, audit: audit, logger: foundations.logger)
        setting = Self.setting(configuration)
    }

    /// Begins to look after the hosts of the directories, before anybody asks them; of those that run already, nothing.
    func start() {
        for running in directories { running.directory.start() }
    }

    /// What the endpoints answer from.
    var application: APIState.Application {
        APIState.Application(tokens: tokens, passwords: passwords, setting: setting)
    }

    /// What clients may ask before they log anybody in.
    private static func setting(_ configuration: Configuration) -> AuthenticationSetting {
        let login = configuration.clients.first { $0.id == configuration.tokens.loginClient }
        let sources = login?.sources ?? []
        let listed = configuration.directories.filter { directory in
            directory.listed && (sources.isEmpty || sources.contains(SourceID(directory.id)))
        }
        return AuthenticationSetting(
            supportsLocalAccounts: sources.isEmpty || sources.contains(.local),
            supportsDirectories: !listed.isEmpty,
            directories: listed.map { AuthenticationSetting.Directory(id: $0.id, name: $0.name) }
        )
    }
}

/// The sources of people and the rules over them.
struct Sources: Sendable {
    let running: [RunningDirectory]
    let local: LocalAccounts
    let hasher: PasswordHasher
    let authenticator: Authenticator

    init(
        _ configuration: Configuration,
        accounts: any AccountStore,
        poller: EventPoller,
        pools: Pools,
        throttle: Throttle? = nil,
        offline: (any OfflineStore)? = nil,
        logger: Logger,
        keeping old: [RunningDirectory] = [],
        phases: (String) -> any PhaseSink = { _ in NoPhases() }
    ) throws(CommandFailure) {
        do {
            hasher = try configuration.hasher(on: pools.hashing)
            running = try configuration.directories.map { settings in
                let origin = RunningDirectory.Origin(settings)
                if let same = old.first(where: { $0.origin == origin }) { return same }
                let directory = try DirectoryAuth.Directory(
                    settings: settings.settings,
                    poller: poller,
                    pool: pools.blocking,
                    logger: logger,
                    phases: phases(settings.name)
                )
                return RunningDirectory(origin: origin, directory: directory)
            }
        } catch {
            throw CommandFailure(.configuration, "\(error)")
        }
        local = LocalAccounts(store: accounts, hasher: hasher, logger: logger)
        var asked: [any DirectorySource] = []
        for (running, given) in zip(running, configuration.directories) {
            guard let offline, given.offlineCache > .zero else {
                asked.append(running.directory)
                continue
            }
            asked.append(
                OfflineDirectory(
                    running.directory,
                    lifetime: given.offlineCache,
                    store: offline,
                    hasher: hasher,
                    logger: logger
                )
            )
        }
        authenticator = Authenticator(
            settings: configuration.authentication,
            local: local,
            directories: asked,
            throttle: throttle,
            signOn: configuration.signOn(poller: poller, pools: pools, logger: logger)
        )
    }

    /// Closes the directories' connections.
    func shutdown() async {
        for running in running { await running.directory.shutdown() }
    }
}
