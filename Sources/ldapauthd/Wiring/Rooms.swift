import Authentication
import DirectoryAuth
import EventPoller
import HTTPAPI
import Logging
import Storage
import Tokens

/// What one configuration becomes: made whole, replaced whole.
struct Rooms: Sendable {
    let directories: [DirectoryAuth.Directory]
    let authenticator: Authenticator
    let tokens: TokenService
    let setting: AuthenticationSetting

    init(
        _ configuration: Configuration,
        clients: [Tokens.Client],
        foundations: Foundations,
        audit: any AuditSink
    ) throws(CommandFailure) {
        let sources = try Sources(
            configuration,
            accounts: foundations.store,
            poller: foundations.poller,
            pools: foundations.pools,
            throttle: foundations.throttle,
            logger: foundations.logger
        )
        directories = sources.directories
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
            audit: audit,
            sourceNames: Dictionary(uniqueKeysWithValues: configuration.directories.map { (SourceID($0.id), $0.name) })
        )
        setting = Self.setting(configuration)
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

    /// Who can be asked now, for /readyz: not ready only while nobody at all can be let in.
    func readiness(_ foundations: Foundations, usesLocal: Bool) async -> ReadinessReport {
        let feed = foundations.feed
        var sources = directories.map { directory in
            let status = directory.status
            let errors = status.hosts.compactMap(\.lastError)
            return ReadinessReport.Source(
                name: status.name,
                isUp: status.mayAnswer,
                detail: status.mayAnswer ? nil : errors.first
            )
        }
        let anyDirectory = sources.contains(where: \.isUp)
        // Asked only when it matters; a store that does not answer lets nobody in.
        var anyLocal = usesLocal
        if usesLocal, !anyDirectory { anyLocal = (try? await foundations.store.hasUsableAccount()) ?? false }
        sources.append(ReadinessReport.Source(name: "storage", isUp: feed.failure == nil, detail: feed.failure))
        return ReadinessReport(
            isReady: feed.isLoaded && feed.failure == nil && (anyLocal || anyDirectory),
            sources: sources
        )
    }
}

/// The sources of people and the rules over them.
struct Sources: Sendable {
    let directories: [DirectoryAuth.Directory]
    let local: LocalAccounts
    let hasher: PasswordHasher
    let authenticator: Authenticator

    init(
        _ configuration: Configuration,
        accounts: any AccountStore,
        poller: EventPoller,
        pools: Pools,
        throttle: Throttle? = nil,
        logger: Logger
    ) throws(CommandFailure) {
        do {
            hasher = try configuration.hasher(on: pools.hashing)
            directories = try configuration.directories.map {
                try DirectoryAuth.Directory(settings: $0.settings, poller: poller, pool: pools.blocking, logger: logger)
            }
        } catch {
            throw CommandFailure(.configuration, "\(error)")
        }
        local = LocalAccounts(store: accounts, hasher: hasher, logger: logger)
        authenticator = Authenticator(
            settings: configuration.authentication,
            local: local,
            directories: directories,
            throttle: throttle
        )
    }

    /// Closes the directories' connections.
    func shutdown() async {
        for directory in directories { await directory.shutdown() }
    }
}
