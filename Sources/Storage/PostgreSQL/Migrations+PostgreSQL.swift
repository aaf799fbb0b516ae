import Authentication

extension Migrations {
    /// The schema as PostgreSQL takes it: the same tables; texts that are keys compare by bytes, as in SQLite.
    static let postgreSQL = Migrations(
        steps: [
            Migration(version: 1, statements: firstPostgreSQLSchema),
            Migration(version: 2, statements: ThrottleSchema.postgreSQL),
            Migration(version: 3, statements: OfflineSchema.postgreSQL),
            Migration(version: 6, statements: peopleAndKeys),
            Migration(version: 7, statements: userNumbers),
        ],
        inspect: { (sql) async throws(StoreError) in
            let encoding = try await sql.query("SELECT current_setting('server_encoding')", []).first?.text(0)
            guard encoding == "UTF8" else {
                throw StoreError(
                    .unusable,
                    "the PostgreSQL database has the encoding \(encoding ?? "unknown"): make one with ENCODING 'UTF8'"
                )
            }
            let rows = try await sql.query(
                """
                SELECT table_name::text FROM information_schema.tables
                WHERE table_schema = current_schema() AND table_name IN
                    ('schema_version', 'counter', 'identity', 'account', 'session', 'not_before', 'token_key', 'setting',
                        'throttle_count', 'throttle_known', 'offline_entry')
                """,
                []
            )
            let isOurs = rows.contains { $0.values == [.text("schema_version")] }
            guard isOurs || rows.isEmpty else {
                throw StoreError(
                    .unusable,
                    "the PostgreSQL database belongs to another program: name another, or another schema, in storage.url"
                )
            }
            return isOurs
        }
    )

    private static let peopleAndKeys = [
        // What other processes must hear of people, a row for each.
        """
        CREATE TABLE person_change (
            source BIGINT NOT NULL,
            stable_id TEXT COLLATE "C" NOT NULL,
            change BIGINT NOT NULL,
            changed_at BIGINT NOT NULL,
            PRIMARY KEY (source, stable_id)
        )
        """,
        "CREATE INDEX person_change_number ON person_change (change)",
        // In milliseconds.
        "ALTER TABLE token_key ADD COLUMN token_lifetime BIGINT NOT NULL DEFAULT 0",
    ]

    /// The userIds: a sequence like that of the sessions, for the same reason. The row of the counter stays as the lock of those
    /// who number people with more than one statement.
    private static let userNumbers = [
        "CREATE SEQUENCE user_number AS bigint",
        "SELECT setval('user_number', value) FROM counter WHERE name = 'user' AND value > 0",
    ]

    private static let firstPostgreSQLSchema = [
        // Counters that only grow, one row each. A row and not a sequence: its lock makes the numbers visible in the
        // order in which they were given.
        //   change         bumped by all that other processes must hear of
        //   keys           the change at which the keys last changed
        //   user           locked while people are numbered
        //   session_floor  no free DTTSessionId lies below it
        "CREATE TABLE counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
        """
        INSERT INTO counter (name, value)
        VALUES ('change', 0), ('keys', 0), ('user', 0), ('session_floor', 1)
        """,
        // The DTTSessionIds: a sequence, because a row would stay locked until its login is on the disk, and logins would wait
        // for the disk one after the other.
        "CREATE SEQUENCE session_number AS bigint",
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value BYTEA NOT NULL)",
        """
        CREATE TABLE identity (
            user_id BIGINT PRIMARY KEY CHECK (user_id BETWEEN -2147483648 AND 2147483647),
            source BIGINT NOT NULL,
            stable_id TEXT COLLATE "C" NOT NULL,
            source_name TEXT NOT NULL,
            username TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            UNIQUE (source, stable_id)
        )
        """,
        """
        CREATE TABLE account (
            id TEXT COLLATE "C" PRIMARY KEY,
            name TEXT NOT NULL,
            folded_name TEXT COLLATE "C" NOT NULL UNIQUE,
            first_name TEXT,
            last_name TEXT,
            email TEXT,
            group_names TEXT NOT NULL,
            password_hash TEXT,
            is_disabled BIGINT NOT NULL CHECK (is_disabled IN (0, 1)),
            created_at BIGINT NOT NULL,
            password_changed_at BIGINT NOT NULL
        )
        """,
        """
        CREATE TABLE session (
            number BIGINT PRIMARY KEY CHECK (number BETWEEN 1 AND 2147483647),
            id TEXT COLLATE "C" NOT NULL UNIQUE,
            kind TEXT COLLATE "C" NOT NULL,
            source BIGINT NOT NULL,
            stable_id TEXT COLLATE "C" NOT NULL,
            user_id BIGINT NOT NULL,
            source_name TEXT NOT NULL,
            username TEXT NOT NULL,
            first_name TEXT,
            last_name TEXT,
            display_name TEXT,
            email TEXT,
            group_names TEXT NOT NULL,
            mapped_user_id BIGINT,
            locator TEXT,
            credential_state TEXT,
            client TEXT COLLATE "C" NOT NULL,
            scopes TEXT NOT NULL,
            generation BIGINT NOT NULL,
            created_at BIGINT NOT NULL,
            authenticated_at BIGINT NOT NULL,
            rotated_at BIGINT NOT NULL,
            idle_end BIGINT NOT NULL,
            hard_end BIGINT NOT NULL,
            ended_at BIGINT,
            ended_change BIGINT,
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
            scope TEXT COLLATE "C" NOT NULL,
            name TEXT COLLATE "C" NOT NULL,
            seconds BIGINT NOT NULL,
            change BIGINT NOT NULL,
            PRIMARY KEY (scope, name)
        )
        """,
        """
        CREATE TABLE token_key (
            id TEXT COLLATE "C" PRIMARY KEY,
            purpose TEXT NOT NULL,
            algorithm TEXT NOT NULL,
            phase TEXT NOT NULL,
            wrapped BYTEA NOT NULL,
            created_at BIGINT NOT NULL,
            activated_at BIGINT,
            retire_at BIGINT
        )
        """,
    ]
}
