public import Authentication
public import Logging

/// What a PostgreSQL database says of itself, for an operator.
public struct PostgreSQLReport: Sendable, Hashable {
    /// As `15.8`.
    public let version: String
    /// The connection speaks TLS.
    public let isEncrypted: Bool
    /// A standby takes no writes.
    public let isStandby: Bool
    /// `synchronous_commit` as this program's connections have it.
    public let synchronousCommit: String
    /// A start of the daemon has made the tables.
    public let hasTables: Bool
    /// The user may make tables.
    public let mayMakeTables: Bool
    /// Of one question and its answer.
    public let roundTrip: Duration

    private static let question = """
        SELECT current_setting('server_version'),
            (SELECT COUNT(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl),
            pg_is_in_recovery()::int::bigint,
            current_setting('synchronous_commit'),
            (to_regclass('schema_version') IS NOT NULL)::int::bigint,
            COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false)::int::bigint
        """

    /// Asks the database; changes nothing there.
    ///
    /// - Throws: `.unusable` when it refuses the user, the password or the connection, `.unavailable` when it does not answer.
    public static func ask(
        _ url: PostgreSQLURL,
        passwordFile: String?,
        logger: Logger
    ) async throws(StoreError) -> PostgreSQLReport {
        let database = try await PostgreSQLDatabase(
            opening: url,
            connections: 1,
            passwordFile: passwordFile,
            poller: nil,
            blocking: nil,
            logger: logger
        )
        do {
            let report = try await PostgreSQLReport(database)
            await database.close()
            return report
        } catch {
            await database.close()
            throw error
        }
    }

    private init(_ database: PostgreSQLDatabase) async throws(StoreError) {
        _ = try await database.query(Self.question, [])
        let begun = ContinuousClock.now
        guard let row = try await database.query(Self.question, []).first else {
            throw StoreError(.unavailable, "the PostgreSQL server gave no answer")
        }
        roundTrip = ContinuousClock.now - begun
        // Debian's servers name the package behind the number.
        version = String(try row.text(0).prefix { $0 != " " })
        isEncrypted = try row.integer(1) != 0
        isStandby = try row.integer(2) != 0
        synchronousCommit = try row.text(3)
        hasTables = try row.integer(4) != 0
        mayMakeTables = try row.integer(5) != 0
    }
}
