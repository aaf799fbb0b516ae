/// The tables of the throttle. Keys are hashes: neither names nor addresses can be read from them.
enum ThrottleSchema {
    static let sqlite = statements(integer: "INTEGER", bytes: "BLOB", suffix: " WITHOUT ROWID")
    static let postgreSQL = statements(integer: "BIGINT", bytes: "BYTEA", suffix: "")

    private static func statements(integer: String, bytes: String, suffix: String) -> [String] {
        [
            // failures: moments in milliseconds, eight octets each, the highest first.
            """
            CREATE TABLE throttle_count (
                id \(bytes) PRIMARY KEY,
                failures \(bytes) NOT NULL,
                waits \(integer) NOT NULL,
                wait_until \(integer) NOT NULL,
                changed_at \(integer) NOT NULL,
                ends_at \(integer) NOT NULL
            )\(suffix)
            """,
            "CREATE INDEX throttle_count_changed ON throttle_count (changed_at)",
            """
            CREATE TABLE throttle_known (
                name_key \(bytes) NOT NULL,
                person_key \(bytes) NOT NULL,
                seen_at \(integer) NOT NULL,
                PRIMARY KEY (name_key, person_key)
            )\(suffix)
            """,
            "CREATE INDEX throttle_known_seen ON throttle_known (seen_at)",
        ]
    }
}
