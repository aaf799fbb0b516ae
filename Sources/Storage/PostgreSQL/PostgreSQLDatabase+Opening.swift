import Authentication
import EventPoller
import Logging
import PostgresClient

extension PostgreSQLDatabase {
    /// Connects, so that a wrong password or host is told at the start.
    ///
    /// - Parameters:
    ///   - connections: the most at a time.
    ///   - poller, blocking: made here when nil.
    ///   - limit: of each call.
    ///   - readsOnly: whatever would write is refused by the server.
    convenience init(
        opening url: PostgreSQLURL,
        connections: Int,
        passwordFile: String?,
        poller: EventPoller?,
        blocking: BlockingPool?,
        limit: Duration = PostgreSQLDatabase.callLimit,
        readsOnly: Bool = false,
        logger: Logger
    ) async throws(StoreError) {
        var configuration = try url.configuration
        // One may be lent for long: to tidy up, or to read everything.
        configuration.connections = max(2, connections)
        configuration.passwordFile = passwordFile
        configuration.connectTimeout = .seconds(3)
        // Shorter than a call may take: whoever has waited once in vain, and asks for the next thing, is told at once.
        configuration.patience = .seconds(1)
        configuration.setup = PostgreSQLStatements.setup
        if readsOnly { configuration.setup.append("SET default_transaction_read_only = on") }
        let executor: EventPoller
        do throws(PollerError) {
            if let poller { executor = poller } else { executor = try EventPoller(name: "postgresql") }
        } catch {
            throw StoreError(.unavailable, "no thread for PostgreSQL: \(error)")
        }
        let threads = blocking ?? BlockingPool(name: "postgresql", threads: 4, queueLimit: 16)
        let client = PostgresClient(configuration, poller: executor, blocking: threads, logger: logger)
        do throws(PostgresError) {
            _ = try await client.query("SELECT 1", deadline: .now + configuration.connectTimeout + .seconds(1))
        } catch {
            await client.close()
            throw PostgreSQLFailure.openingError(error)
        }
        // The client tells of outages; what listens has the same, and nothing to add.
        var silent = logger
        silent.logLevel = .critical
        let (ears, quiet) = (configuration, silent)
        configuration.connections = 1
        let lane = PostgresClient(configuration, poller: executor, blocking: threads, logger: silent)
        self.init(client: client, limit: limit, lane: lane) {
            PostgresListener(
                [PostgreSQLStatements.channel],
                ears,
                poller: executor,
                blocking: threads,
                logger: quiet
            )
        }
    }
}
