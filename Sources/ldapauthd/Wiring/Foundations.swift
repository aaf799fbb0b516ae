import Authentication
import EventPoller
import Glibc
import Logging
import Storage
import Tokens

/// What lives as long as the process: threads, the store, the keys, and what must be known of ended sessions.
struct Foundations: Sendable {
    let poller: EventPoller
    let pools: Pools
    let store: SQLStore
    let keys: KeyRing
    let revocations: Revocations
    let feed: ChangeFeed
    let logger: Logger

    /// Opens the store and the keys, and reads what has ended meanwhile.
    static func open(
        _ configuration: Configuration,
        clients: [Tokens.Client],
        logger: Logger
    ) async throws(CommandFailure) -> Foundations {
        let store = try await configuration.openStore(logger: logger)
        let pools = Pools(hashThreads: configuration.local.maxParallelHashes)
        do {
            let keys = try await KeyRing.open(
                store: store,
                masterKey: try configuration.masterKey(creating: try await store.keys().isEmpty),
                policy: KeyPolicy(settings: configuration.tokens, clients: clients),
                pool: pools.hashing
            )
            let revocations = Revocations()
            let feed = ChangeFeed(store: store, revocations: revocations, keys: keys, logger: logger)
            guard await feed.poll() else {
                throw CommandFailure(.unavailable, feed.failure ?? "the store could not be read")
            }
            return Foundations(
                poller: try EventPoller(),
                pools: pools,
                store: store,
                keys: keys,
                revocations: revocations,
                feed: feed,
                logger: logger
            )
        } catch {
            await store.close()
            pools.shutdown()
            throw failure(error)
        }
    }

    /// Ends the threads and closes the store; nothing may be under way any more.
    func close() async {
        await store.close()
        pools.shutdown()
        poller.shutdown()
    }

    private static func failure(_ error: any Error) -> CommandFailure {
        switch error {
        case let failure as CommandFailure: failure
        case let error as KeyError:
            CommandFailure(error.code == .masterKey ? .configuration : .unavailable, error.description)
        default: CommandFailure(.unavailable, "\(error)")
        }
    }
}

extension Configuration {
    /// The key that wraps the private keys in the store; made beside a SQLite file when nothing else is said.
    ///
    /// - Parameter creating: true for a store without keys, whose first start this is.
    func masterKey(creating: Bool) throws(KeyError) -> MasterKey {
        guard let path = masterKeyPath else { return MasterKey.random() }
        return try MasterKey.load(path: path, creating: creating)
    }

    /// Where the master key lies; nil for a store in memory, which forgets its keys anyway.
    var masterKeyPath: String? {
        if let file = masterKeyFile { return file.path ?? file.candidates[0] }
        if storage.url == "sqlite::memory:" { return nil }
        let database = storage.url.dropFirst("sqlite:".count)
        let folder = database.lastIndex(of: "/").map { database[..<$0] } ?? "."
        return "\(folder)/master.key"
    }
}
