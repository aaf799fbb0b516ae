import Authentication
import Logging
import Storage

extension Configuration {
    /// The store of this configuration, open. The caller closes it.
    func openStore(logger: Logger) async throws(CommandFailure) -> SQLStore {
        do throws(StoreError) {
            let url = try StorageURL(storage.url)
            if case .sqlite(let path) = url { try assumeOwner(path) }
            return try await SQLStore.open(url, readers: storage.pool, logger: logger)
        } catch {
            throw CommandFailure(.unavailable, error.detail)
        }
    }

    /// The hasher of `[local]`.
    func hasher(on pool: any WorkPool) throws(ArgonParameterError) -> PasswordHasher {
        let parameters = try Argon2Parameters(memory: local.argon2Memory, iterations: local.argon2Iterations)
        return try PasswordHasher(parameters: parameters, pool: pool)
    }

    private func assumeOwner(_ path: String) throws(StoreError) {
        do throws(CommandFailure) {
            try StoreOwner.assume(of: path)
        } catch {
            throw StoreError(.unavailable, error.description)
        }
    }
}

/// What a command on local accounts needs.
enum AccountRoom {
    /// Opens the store, lends the accounts to `work`, and closes the store.
    static func open(
        _ config: ConfigurationOption,
        _ work: (AccountService) async throws -> Void
    ) async throws {
        let configuration = try config.load(filesToo: false)
        guard configuration.storage.url != "sqlite::memory:" else {
            throw CommandFailure(
                .configuration,
                "storage.url is sqlite::memory:, which forgets everything at the end of each command"
            )
        }
        let store = try await configuration.openStore(logger: .quiet)
        let pools = Pools(hashThreads: 1)
        do {
            let hasher = try configuration.hasher(on: pools.hashing)
            try await work(AccountService(store: store, hasher: hasher))
        } catch {
            await store.close()
            pools.shutdown()
            throw Self.failure(error)
        }
        await store.close()
        pools.shutdown()
    }

    private static func failure(_ error: any Error) -> any Error {
        switch error {
        case let error as AccountError:
            let codes: [AccountError.Code: CommandFailure.Code] = [
                .invalid: .badInput, .conflict: .badInput, .notFound: .refused, .unavailable: .unavailable,
            ]
            return CommandFailure(codes[error.code] ?? .unavailable, error.description)
        case let error as StoreError: return CommandFailure(.unavailable, error.detail)
        case let error as ArgonParameterError: return CommandFailure(.configuration, error.description)
        default: return error
        }
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
