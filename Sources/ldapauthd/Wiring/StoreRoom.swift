import Authentication
import EventPoller
import Glibc
import Logging
import Storage
import Tokens

extension Configuration {
    /// The store of this configuration, open. The caller closes it.
    ///
    /// - Parameters:
    ///   - serving: true for the daemon, of which a SQLite file serves one only.
    ///   - temporarily: whether root means to become root again (`StoreOwner.resume()`).
    ///   - readers: other than `storage.pool`.
    ///   - poller, pools: the daemon's; PostgreSQL's connections have threads of their own without them.
    func openStore(
        serving: Bool = false,
        temporarily: Bool = false,
        readers: Int? = nil,
        poller: EventPoller? = nil,
        pools: Pools? = nil,
        logger: Logger
    ) async throws(CommandFailure) -> SQLStore {
        do throws(StoreError) {
            let url = try StorageURL(storage.url)
            if case .sqlite(let path) = url { try assumeOwner(path, temporarily) }
            return try await SQLStore.open(
                url,
                serving: serving,
                readers: readers ?? storage.pool,
                passwordFile: postgreSQLPasswordFile,
                poller: poller,
                blocking: pools?.blocking,
                logger: logger
            )
        } catch {
            throw CommandFailure(error)
        }
    }

    /// The store of this configuration as it is, for a command that only looks: nothing is made there and nothing changed.
    ///
    /// Root becomes its owner here, too, and sees what the service will see.
    func presentStore() async throws(StoreError) -> PresentStore {
        let url = try StorageURL(storage.url)
        if case .sqlite(let path) = url { try assumeOwner(path, false) }
        return try await SQLStore.present(url, passwordFile: postgreSQLPasswordFile, logger: .quiet)
    }

    /// The same, open; nil where there is none.
    ///
    /// - Throws: also for a store of an older version, with what to do.
    func readableStore() async throws(StoreError) -> SQLStore? {
        switch try await presentStore() {
        case .none: return nil
        case .open(let store): return store
        case .older(let schema, let known):
            throw StoreError(
                .unavailable,
                "the database \(storage.place) has schema \(schema), and this program reads \(known): the next start of the "
                    + "daemon brings it up to date"
            )
        }
    }

    /// What the PostgreSQL of this configuration says of itself.
    func askPostgreSQL(_ url: PostgreSQLURL) async throws(StoreError) -> PostgreSQLReport {
        try await PostgreSQLReport.ask(url, passwordFile: postgreSQLPasswordFile, logger: .quiet)
    }

    private var postgreSQLPasswordFile: String? {
        storage.passwordFile.map { $0.path ?? $0.candidates[0] }
    }

    /// The hasher of `[local]`.
    func hasher(on pool: any WorkPool) throws(ArgonParameterError) -> PasswordHasher {
        let parameters = try Argon2Parameters(memory: local.argon2Memory, iterations: local.argon2Iterations)
        return try PasswordHasher(parameters: parameters, pool: pool)
    }

    private func assumeOwner(_ path: String, _ temporarily: Bool) throws(StoreError) {
        do throws(CommandFailure) {
            try StoreOwner.assume(of: path, temporarily: temporarily)
        } catch {
            throw StoreError(.unavailable, error.description)
        }
    }
}

/// What a command on the store needs.
enum StoreRoom {
    /// Opens the store, lends it to `work`, and closes it.
    ///
    /// - Parameter making: whether a store that does not exist is made; else that is a failure.
    static func open(
        _ config: ConfigurationOption,
        making: Bool = false,
        _ work: (Configuration, SQLStore) async throws -> Void
    ) async throws {
        Operator.note()
        let configuration = try config.load(filesToo: false)
        try require(configuration, making: making)
        let store = try await configuration.openStore(logger: .quiet)
        do {
            try await work(configuration, store)
        } catch {
            await store.close()
            throw failure(error)
        }
        await store.close()
    }

    /// Lends the store to `work`, which only looks: none is made and none changed.
    static func look(
        _ config: ConfigurationOption,
        _ work: (Configuration, SQLStore) async throws -> Void
    ) async throws {
        Operator.note()
        let configuration = try config.load(filesToo: false)
        try require(configuration)
        do {
            guard let store = try await configuration.readableStore() else {
                throw CommandFailure(
                    .unavailable,
                    "there are no tables in \(configuration.storage.place) yet: the first start of the daemon makes them"
                )
            }
            do {
                try await work(configuration, store)
            } catch {
                await store.close()
                throw error
            }
            await store.close()
        } catch {
            throw failure(error)
        }
    }

    /// Refuses a store that cannot be there.
    static func require(_ configuration: Configuration, making: Bool = false) throws(CommandFailure) {
        guard configuration.storage.url != "sqlite::memory:" else {
            throw CommandFailure(
                .configuration,
                "storage.url is sqlite::memory:, which forgets everything at the end of each command"
            )
        }
        guard !making, let path = configuration.storage.sqlitePath, unsafe access(path, F_OK) != 0, errno == ENOENT
        else { return }
        throw CommandFailure(
            .unavailable,
            "there is no database \(path) yet: the first start of the daemon makes it, and so does `ldapauthd user add`"
        )
    }

    static func failure(_ error: any Error) -> any Error {
        switch error {
        case let error as AccountError:
            let codes: [AccountError.Code: CommandFailure.Code] = [
                .invalid: .badInput, .conflict: .badInput, .notFound: .refused, .unavailable: .unavailable,
            ]
            return CommandFailure(codes[error.code] ?? .unavailable, error.description)
        case let error as StoreError: return CommandFailure(error)
        case let error as KeyError:
            return CommandFailure(error.code == .masterKey ? .configuration : .unavailable, error.description)
        case let error as ArgonParameterError: return CommandFailure(.configuration, error.description)
        default: return error
        }
    }
}

/// What a command on local accounts needs.
enum AccountRoom {
    /// Opens the store, lends the accounts to `work`, and closes the store.
    ///
    /// - Parameter making: whether a store that does not exist is made; else that is a failure.
    static func open(
        _ config: ConfigurationOption,
        making: Bool = false,
        _ work: (AccountService) async throws -> Void
    ) async throws {
        try await StoreRoom.open(config, making: making) { configuration, store in
            try await lend(store, configuration, work)
        }
    }

    /// Lends the accounts that there are to `work`, which only looks at them: no store is made and none changed.
    static func look(_ config: ConfigurationOption, _ work: (AccountService) async throws -> Void) async throws {
        Operator.note()
        let configuration = try config.load(filesToo: false)
        try StoreRoom.require(configuration, making: true)
        let accounts = await PresentAccounts.open(configuration)
        do {
            try await lend(accounts, configuration, work)
        } catch {
            await accounts.close()
            throw StoreRoom.failure(error)
        }
        await accounts.close()
    }

    private static func lend(
        _ store: any AccountStore,
        _ configuration: Configuration,
        _ work: (AccountService) async throws -> Void
    ) async throws {
        let pools = Pools(hashThreads: 1)
        defer { pools.shutdown() }
        try await work(AccountService(store: store, hasher: try configuration.hasher(on: pools.hashing)))
    }
}

extension Configuration.Storage {
    /// The file of a SQLite database; nil for any other.
    var sqlitePath: String? {
        guard case .sqlite(let path)? = try? StorageURL(url) else { return nil }
        return path
    }

    /// The database, for sentences; without the password that a URL may hold.
    var place: String {
        if isPostgreSQL { return (try? PostgreSQLURL(url)).map { "\($0)" } ?? "PostgreSQL" }
        return sqlitePath ?? url
    }
}

extension Logger {
    /// A logger for commands, whose words are their own: only warnings and errors reach standard error.
    static var quiet: Logger {
        var logger = Logger(label: "ldapauthd", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .warning
        return logger
    }
}
