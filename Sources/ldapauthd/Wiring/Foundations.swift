import Authentication
import EventPoller
import Glibc
import Logging
import Observability
import Storage
import Tokens

/// What lives as long as the process: threads, the store, the keys, what must be known of ended sessions, and the log. What a
/// reload replaces is in `Rooms`.
struct Foundations: Sendable {
    let poller: EventPoller
    let pools: Pools
    let store: SQLStore
    let keys: KeyRing
    let revocations: Revocations
    let feed: ChangeFeed
    let throttle: Throttle
    /// What was proved of clients' secrets: a reload must not make all of them pay again at once.
    let secrets = SecretCache()
    let output: LogOutput
    let metrics: LoginMetrics
    let reloads = ReloadCounts()
    let process = ProcessFigures()
    let logger: Logger

    /// Opens the store and the keys, and reads what has ended meanwhile.
    static func open(
        _ configuration: Configuration,
        clients: [Tokens.Client],
        output: LogOutput,
        logger: Logger
    ) async throws(CommandFailure) -> Foundations {
        let poller: EventPoller
        do throws(PollerError) {
            poller = try EventPoller()
        } catch {
            throw CommandFailure(.unavailable, "no thread for connections: \(error)")
        }
        let pools = Pools(hashThreads: configuration.local.maxParallelHashes)
        func release() {
            pools.shutdown()
            poller.shutdown()
        }
        let store: SQLStore
        do throws(CommandFailure) {
            store = try await configuration.openStore(serving: true, poller: poller, pools: pools, logger: logger)
        } catch {
            release()
            throw error
        }
        do {
            let masterKey = try configuration.masterKey(creating: try await store.keys().isEmpty)
            let keys = try await KeyRing.open(
                store: store,
                masterKey: masterKey,
                masterKeys: configuration.masterKeys,
                isShared: store.isShared,
                policy: KeyPolicy(settings: configuration.tokens, clients: clients),
                pool: pools.hashing
            )
            if keys.masterKeyCheck != masterKey.checkValue { configuration.finishMasterKeyRotation(logger) }
            let revocations = Revocations()
            let feed = ChangeFeed(store: store, revocations: revocations, keys: keys, logger: logger)
            guard await feed.poll() else {
                throw CommandFailure(.unavailable, feed.failure ?? "the store could not be read", isPassing: true)
            }
            let throttle = Throttle(
                settings: configuration.throttle,
                secret: masterKey.throttleSecret,
                store: store,
                logger: logger
            )
            try await throttle.load()
            feed.observe(RefusedPasswords(throttle: throttle))
            return Foundations(
                poller: poller,
                pools: pools,
                store: store,
                keys: keys,
                revocations: revocations,
                feed: feed,
                throttle: throttle,
                output: output,
                metrics: LoginMetrics(
                    sources: configuration.sourceNames,
                    clients: configuration.clients.map(\.id)
                ),
                logger: logger
            )
        } catch {
            await store.close()
            release()
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
            CommandFailure(
                error.code == .masterKey ? .configuration : .unavailable,
                error.description,
                isPassing: error.cause?.code == .unavailable
            )
        case let error as StoreError: CommandFailure(error)
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

    /// Where the master key is looked for after it was rotated.
    var masterKeys: MasterKeyFiles { MasterKeyFiles(masterKeyFile?.candidates ?? masterKeyPath.map { [$0] } ?? []) }

    /// Brings a rotation of the master key to its end that was interrupted before its last step.
    func finishMasterKeyRotation(_ logger: Logger) {
        guard let path = masterKeyPath else { return }
        let place: Logger.Metadata = ["file": "\(path)"]
        do throws(KeyError) {
            try MasterKey.installSuccessor(of: path, keepingOldAs: MasterKeyRotation.retiredPath(of: path))
            logger.notice(
                "A rotation of the master key was interrupted; its new file has taken its place",
                metadata: place
            )
        } catch {
            // It is read from beside it as well.
            logger.warning("A rotation of the master key is not finished: \(error)", metadata: place)
        }
    }

    /// Where the master key lies; nil for a store in memory, which forgets its keys anyway.
    var masterKeyPath: String? {
        if let file = masterKeyFile { return file.path ?? file.candidates[0] }
        return storage.sqlitePath.map { "\(ConfigurationPath.folder(of: $0))/master.key" }
    }
}
