import Authentication

extension Migrations {
    /// The schema as SQLite takes it.
    static let sqlite = Migrations(
        steps: [
            Migration(version: 1, statements: firstSQLiteSchema),
            Migration(version: 2, statements: ThrottleSchema.sqlite),
            Migration(version: 3, statements: OfflineSchema.sqlite),
            Migration(version: 6, statements: peopleAndKeys),
        ],
        inspect: { (sql) async throws(StoreError) in
            let rows = try await sql.query("PRAGMA application_id", [])
            let tables = try await sql.query("SELECT COUNT(*) FROM sqlite_master", [])
            let marked = try rows.first?.integer(0) == applicationID
            let isEmpty = try tables.first?.integer(0) == 0
            guard marked || isEmpty else {
                throw StoreError(
                    .unusable,
                    "the SQLite database belongs to another program: name another file in storage.url"
                )
            }
            return marked
        }
    )

    /// "LDAP", kept in the file's header so that `file` and we know whose it is (sqlite.org/pragma.html#pragma_application_id).
    private static let applicationID: Int64 = 0x4C44_4150

    private static let peopleAndKeys = [
        // What other processes must hear of people, a row for each.
        """
        CREATE TABLE person_change (
            source INTEGER NOT NULL,
            stable_id TEXT NOT NULL,
            change INTEGER NOT NULL,
            changed_at INTEGER NOT NULL,
            PRIMARY KEY (source, stable_id)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX person_change_number ON person_change (change)",
        // In milliseconds.
        "ALTER TABLE token_key ADD COLUMN token_lifetime INTEGER NOT NULL DEFAULT 0",
    ]

    private static let firstSQLiteSchema = [
        "PRAGMA application_id = \(applicationID)",
        // Counters that only grow, one row each. A row and not a sequence: its lock makes the numbers visible in the
        // order in which they were given, and a writer that fails gives its number back.
        //   change         bumped by all that other processes must hear of
        //   keys           the change at which the keys last changed
        //   user           the last userId given
        //   session        the last DTTSessionId given
        //   session_floor  no free DTTSessionId lies below it
        "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
        """
        INSERT INTO counter (name, value)
        VALUES ('change', 0), ('keys', 0), ('user', 0), ('session', 0), ('session_floor', 1)
        """,
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
        """
        CREATE TABLE identity (
            user_id INTEGER PRIMARY KEY CHECK (user_id BETWEEN -2147483648 AND 2147483647),
            source INTEGER NOT NULL,
            stable_id TEXT NOT NULL,
            source_name TEXT NOT NULL,
            username TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            UNIQUE (source, stable_id)
        )
        """,
        """
        CREATE TABLE account (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            folded_name TEXT NOT NULL UNIQUE,
            first_name TEXT,
            last_name TEXT,
            email TEXT,
            group_names TEXT NOT NULL,
            password_hash TEXT,
            is_disabled INTEGER NOT NULL CHECK (is_disabled IN (0, 1)),
            created_at INTEGER NOT NULL,
            password_changed_at INTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE session (
            number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 2147483647),
            id TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            source INTEGER NOT NULL,
            stable_id TEXT NOT NULL,
            user_id INTEGER NOT NULL,
            source_name TEXT NOT NULL,
            username TEXT NOT NULL,
            first_name TEXT,
            last_name TEXT,
            display_name TEXT,
            email TEXT,
            group_names TEXT NOT NULL,
            mapped_user_id INTEGER,
            locator TEXT,
            credential_state TEXT,
            client TEXT NOT NULL,
            scopes TEXT NOT NULL,
            generation INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            authenticated_at INTEGER NOT NULL,
            rotated_at INTEGER NOT NULL,
            idle_end INTEGER NOT NULL,
            hard_end INTEGER NOT NULL,
            ended_at INTEGER,
            ended_change INTEGER,
            address TEXT NOT NULL,
            user_agent TEXT NOT NULL,
            FOREIGN KEY (source, stable_id) REFERENCES identity (source, stable_id)
        )
        """,
        "CREATE INDEX session_person ON session (source, stable_id, client, kind, created_at)",
        // For removing old sessions. The hard end never changes, so that a refresh touches no index.
        "CREATE INDEX session_hard_end ON session (hard_end)",
        "CREATE INDEX session_ended ON session (ended_change) WHERE ended_change IS NOT NULL",
        """
        CREATE TABLE not_before (
            scope TEXT NOT NULL,
            name TEXT NOT NULL,
            seconds INTEGER NOT NULL,
            change INTEGER NOT NULL,
            PRIMARY KEY (scope, name)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE token_key (
            id TEXT PRIMARY KEY,
            purpose TEXT NOT NULL,
            algorithm TEXT NOT NULL,
            phase TEXT NOT NULL,
            wrapped BLOB NOT NULL,
            created_at INTEGER NOT NULL,
            activated_at INTEGER,
            retire_at INTEGER
        ) WITHOUT ROWID
        """,
    ]
}
