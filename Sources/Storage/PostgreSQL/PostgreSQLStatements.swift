/// Statements that PostgreSQL alone has.
enum PostgreSQLStatements {
    /// Opens a session of somebody known in one statement, and so in one round trip: no row when the person is new, was
    /// renamed, or has another number in the directory. `$1` … are the values of `SessionRow.insert` without the number and the
    /// userId.
    static let openKnown: String = {
        var next = 0
        let columns = (0..<27).map { column -> String in
            if column == SessionRow.numberPlace { return "nextval('session_number')" }
            if column == SessionRow.userIDPlace { return "identity.user_id" }
            next += 1
            return "$\(next)"
        }
        return """
            INSERT INTO session (\(SessionRow.columns))
            SELECT \(columns.joined(separator: ", ")) FROM identity
            WHERE identity.source = $3 AND identity.stable_id = $4 AND identity.source_name = $5
                AND identity.username = $6 AND identity.user_id = COALESCE($12, identity.user_id)
                AND (SELECT last_value FROM session_number) < 2147483647
            RETURNING number, user_id
            """
    }()

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
