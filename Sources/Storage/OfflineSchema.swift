/// The table of what bridges an outage: who was let in by a directory, and a salted hash of the password.
enum OfflineSchema {
    static let sqlite = statements(integer: "INTEGER", key: "TEXT", suffix: " WITHOUT ROWID")
    static let postgreSQL = statements(integer: "BIGINT", key: "TEXT COLLATE \"C\"", suffix: "")

    private static func statements(integer: String, key: String, suffix: String) -> [String] {
        [
            """
            CREATE TABLE offline_entry (
                source \(integer) NOT NULL,
                name \(key) NOT NULL,
                stable_id \(key) NOT NULL,
                source_name TEXT NOT NULL,
                username TEXT NOT NULL,
                first_name TEXT,
                last_name TEXT,
                display_name TEXT,
                email TEXT,
                group_names TEXT NOT NULL,
                mapped_user_id \(integer),
                locator TEXT,
                credential_state TEXT,
                password_hash TEXT NOT NULL,
                expires_at \(integer) NOT NULL,
                PRIMARY KEY (source, name)
            )\(suffix)
            """,
            "CREATE INDEX offline_entry_person ON offline_entry (source, stable_id)",
            "CREATE INDEX offline_entry_expiry ON offline_entry (expires_at)",
        ]
    }
}
