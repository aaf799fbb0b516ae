// PostgresClient talks to PostgreSQL through libpq without blocking: a pool of connections that live on an EventPoller,
// prepared statements, pipelines, leases for transactions that need answers on the way, LISTEN.
// It knows nothing of what is stored and decides nothing about retries: its errors say what may be repeated.
// Storage calls it; so may any other program.

public import EventPoller
public import Logging

/// A pool of connections to one database.
///
/// Calls may come from any task. Each has a deadline; a call whose task is cancelled returns at once, and what it had begun
/// is stopped or its answer dropped. After an outage the client connects again by itself.
public final class PostgresClient: Sendable {
    private let core: PostgresCore

    /// A client; it connects with its first call.
    ///
    /// - Parameters:
    ///   - poller: where its connections live.
    ///   - blocking: for name look-up, TLS handshake and login, and for cancelling; at most four of its threads at a time.
    public init(
        _ configuration: PostgresConfiguration,
        poller: EventPoller,
        blocking: BlockingPool,
        logger: Logger
    ) {
        core = PostgresCore(configuration, poller: poller, blocking: blocking, logger: logger)
    }

    deinit {
        let core = core
        Task { await core.shutDown() }
    }

    /// Runs one statement as a transaction of its own: durable, as the server understands it, when the call returns.
    public func query(
        _ sql: String,
        _ values: [PostgresValue] = [],
        deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> PostgresResult {
        let results = try await run([PostgresStatement(sql, values)], deadline: deadline)
        guard let result = results.last else {
            throw PostgresError(.connectionLost, "PostgreSQL: an answer without a result", requestWasWritten: true)
        }
        return result
    }

    /// Runs statements as one transaction in one round trip: all or none. Many callers share a connection so.
    /// - Throws: the first failure; nothing of the statements remains then, unless it is one of `connectionLost`, `timeout` or
    ///   `cancelled` with `requestWasWritten`: then nobody knows.
    public func run(
        _ statements: [PostgresStatement],
        deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> [PostgresResult] {
        for statement in statements { try Self.check(statement) }
        guard !statements.isEmpty else { return [] }
        return try await core.run(statements, deadline: deadline)
    }

    /// Takes a connection for a transaction; BEGIN goes with its first statement.
    public func begin(deadline: ContinuousClock.Instant) async throws(PostgresError) -> PostgresTransaction {
        PostgresTransaction(core, lease: try await core.lease(deadline: deadline), deadline: deadline)
    }

    /// Runs `body` in a transaction and commits; when `body` throws, nothing of it remains.
    public func transaction<Value>(
        deadline: ContinuousClock.Instant,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        let transaction = try await begin(deadline: deadline)
        do {
            let value = try await body(transaction)
            try await transaction.commit()
            return value
        } catch {
            await transaction.rollback()
            throw error
        }
    }

    /// Closes all connections; everybody on them, and all later calls, get `.closed`.
    public func close() async { await core.close() }

    /// What was done so far.
    public func statistics() async -> PostgresStatistics { await core.currentStatistics() }

    /// libpq takes a text with NUL for its end, and would store something else than was given.
    static func check(_ statement: PostgresStatement) throws(PostgresError) {
        guard !statement.sql.utf8.contains(0), statement.values.count <= 65535 else {
            throw PostgresError(.invalidArgument, "a statement with NUL or with too many values")
        }
        for case .text(let text) in statement.values where text.utf8.contains(0) {
            throw PostgresError(.invalidArgument, "a text with a NUL character cannot be stored")
        }
    }
}
