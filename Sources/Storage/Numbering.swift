import Authentication

/// Gives out userIds and DTTSessionIds inside a transaction.
enum Numbering {
    /// The next userId of SQLite.
    static let raiseUser = raise("user")

    static let setUser = "UPDATE counter SET value = $1 WHERE name = 'user'"

    /// The next DTTSessionId of SQLite.
    static let raiseSession = raise("session")

    /// In two statements, because SQLite has one writer at a time, and RETURNING costs it more than both: a table for the rows,
    /// and a copy of every page that is changed. It stays at the first number that is none.
    private static func raise(_ counter: String) -> [String] {
        [
            "UPDATE counter SET value = value + 1 WHERE name = '\(counter)' AND value < 2147483648",
            "SELECT value FROM counter WHERE name = '\(counter)'",
        ]
    }

    /// The number of the last change.
    static let raiseChange = "UPDATE counter SET value = value + 1 WHERE name = 'change' RETURNING value"

    private static let set = "UPDATE counter SET value = $2 WHERE name = $1"

    /// The lowest DTTSessionId from `$1` up that no session has.
    private static let lowestFreeSession = lowestFree(table: "session", column: "number")

    /// The lowest userId from `$1` up that nobody has.
    private static let lowestFreeUser = lowestFree(table: "identity", column: "user_id")

    private static func lowestFree(table: String, column: String) -> String {
        """
        SELECT CAST($1 AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM \(table) WHERE \(column) = $1)
        UNION ALL
        SELECT * FROM (
            SELECT this.\(column) + 1 FROM \(table) AS this
            WHERE this.\(column) >= $1 AND this.\(column) < 2147483647
                AND NOT EXISTS (SELECT 1 FROM \(table) AS next WHERE next.\(column) = this.\(column) + 1)
            ORDER BY this.\(column) LIMIT 1
        ) AS gap
        LIMIT 1
        """
    }

    /// The next DTTSessionId: one more than the last, and after 2 147 483 647 the lowest that is free.
    static func nextSession(_ sql: any SQLTransaction) async throws(StoreError) -> Int32 {
        if let number = try await next(sql.raiseSession, sql) { return number }
        // Written, so that of several nodes one looks at a time.
        let floor = try await sql.query(
            "UPDATE counter SET value = value WHERE name = 'session_floor' RETURNING value",
            []
        )
        let start = try floor.first?.integer(0) ?? 1
        guard let free = try await sql.query(lowestFreeSession, [.integer(start)]).first else {
            throw StoreError(.unavailable, "all 2147483647 numbers of sessions are taken")
        }
        let number = try free.int32(0)
        _ = try await sql.query(set, [.text("session_floor"), .integer(Int64(number) + 1)])
        return number
    }

    /// What the last of `statements` returns; nil when the numbers are used up.
    private static func next(_ statements: [String], _ sql: any SQLTransaction) async throws(StoreError) -> Int32? {
        var next: Int64?
        for statement in statements { next = try await sql.query(statement, []).first?.integer(0) }
        return next.flatMap(Int32.init(exactly:))
    }

    /// Tells `nextSession` that the number `number` is free again.
    static func freeSession(_ number: Int32, _ sql: any SQLTransaction) async throws(StoreError) {
        _ = try await sql.query(
            "UPDATE counter SET value = $1 WHERE name = 'session_floor' AND value > $1",
            [.integer(number)]
        )
    }

    /// Lets nobody else number people until the end of the transaction: who looks for a person after this finds everybody.
    static func lockUsers(_ sql: any SQLTransaction) async throws(StoreError) {
        _ = try await sql.query("UPDATE counter SET value = value WHERE name = 'user'", [])
    }

    /// The next userId: upward from 1, stepping over those taken from a directory.
    static func nextUser(_ sql: any SQLTransaction) async throws(StoreError) -> Int32 {
        let start = try await next(sql.raiseUser, sql) ?? 1
        guard let free = try await sql.query(lowestFreeUser, [.integer(start)]).first else {
            throw StoreError(.unavailable, "all 2147483647 userIds are taken")
        }
        let number = try free.int32(0)
        if number > start { _ = try await sql.query(sql.setUser, [.integer(number)]) }
        return number
    }

    /// The number of a change, unique and in the order in which changes become visible.
    static func nextChange(_ sql: any SQLTransaction) async throws(StoreError) -> Int64 {
        let rows = try await sql.query(sql.raiseChange, [])
        guard let row = rows.first else { throw StoreError(.unusable, "the database has lost its change number") }
        return try row.integer(0)
    }
}
