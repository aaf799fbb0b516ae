/// Statements that PostgreSQL alone has.
enum PostgreSQLStatements {
    /// Opens a session of somebody known in one statement, and so in one round trip: no row when the person is new, was
    /// renamed, or has another number in the directory. `$1` … are the values of `SessionRow.insert` without the number and the
    /// userId.
    static let openKnown = """
        \(insertSession) FROM identity AS person
        WHERE person.source = $3 AND person.stable_id = $4 AND person.source_name = $5 AND person.username = $6
            AND person.user_id = COALESCE($12, person.user_id)
            AND (SELECT last_value FROM session_number) < 2147483647
        RETURNING number, user_id
        """

    /// The same for somebody new, who gets the next number, or the one from the directory: no row when the number is taken, or
    /// the person was numbered by another login a moment ago. Nobody waits for anybody else's commit here, as at a counter's
    /// row: on the morning after the installation everybody is new.
    static let openNew = """
        WITH next AS MATERIALIZED (
            SELECT COALESCE($12, nextval('user_number')) AS value
            WHERE NOT EXISTS (SELECT 1 FROM identity WHERE source = $3 AND stable_id = $4)
        ),
        person AS (
            INSERT INTO identity (user_id, source, stable_id, source_name, username, created_at)
            SELECT value, $3, $4, $5, $6, $18 FROM next WHERE value <= 2147483647
            ON CONFLICT DO NOTHING RETURNING user_id
        )
        \(insertSession) FROM person WHERE (SELECT last_value FROM session_number) < 2147483647
        RETURNING number, user_id
        """

    /// The beginning of a statement that inserts a session of the `user_id` of a row `person`.
    private static var insertSession: String {
        var next = 0
        let values = (0..<SessionRow.columnCount).map { column -> String in
            if column == SessionRow.userIDPlace { return "person.user_id" }
            if column == SessionRow.numberPlace { return nextNumber }
            next += 1
            return "$\(next)"
        }
        return "INSERT INTO session (\(SessionRow.columns)) SELECT \(values.joined(separator: ", "))"
    }

    static let nextNumber = "nextval('session_number')"

    /// The channel on which nodes tell each other that something has changed; what it was is in the tables.
    static let channel = "ldapauthd_change"

    /// Raises the number of changes and tells the other nodes, once the transaction is committed (PostgreSQL manual, NOTIFY).
    static let raiseChange = """
        WITH raised AS (\(Numbering.raiseChange)) SELECT value, pg_notify('\(channel)', '') FROM raised
        """

    /// Run on each new connection. What was answered must outlive a crash of the server, so `synchronous_commit = off` is not
    /// taken over, wherever it was set; the other settings of it are the operator's choice.
    static let setup = [
        """
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
        """,
        // Longer than any call waits: only for what a node that vanished has left behind.
        "SET statement_timeout = '65s'",
        "SET idle_in_transaction_session_timeout = '10s'",
    ]
}
