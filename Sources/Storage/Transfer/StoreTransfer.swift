public import Authentication

/// Copies all of an SQLite store into an empty PostgreSQL, in one transaction, and compares it row by row before the commit.
///
/// Whatever goes wrong, the target stays empty and the source as it was. Nobody may write to the source meanwhile: what a
/// daemon would do is kept out by the serving lock of the store, and a command that writes is noticed at the end.
public struct StoreTransfer: Sendable {
    /// What was copied.
    public struct Report: Sendable, Hashable {
        /// Rows of each table.
        public var rows: [String: Int] = [:]
        /// Of all tables.
        public var total: Int { rows.values.reduce(0, +) }
    }

    /// The counters that are sequences in PostgreSQL, by their names in SQLite.
    private static let sequences = ["session": "session_number", "user": "user_number"]

    private let source: any SQLDatabase
    private let target: PostgreSQLDatabase

    /// - Parameters:
    ///   - source: an SQLite store that only this process serves, opened with one reader.
    ///   - target: a PostgreSQL store.
    /// - Throws: `.unusable` when they are not that.
    public init(from source: SQLStore, to target: SQLStore) throws(StoreError) {
        guard !source.isShared, let database = target.database as? PostgreSQLDatabase else {
            throw StoreError(.unusable, "only an SQLite store can be copied, and only into PostgreSQL")
        }
        self.source = source.database
        self.target = database.patient(PostgreSQLDatabase.unlimitedLimit)
    }

    /// Copies and compares.
    ///
    /// - Parameter progress: told how many rows are through, of how many; each counts twice, copied and compared.
    /// - Throws: `.unusable` when the target is not empty, a row differs, or the source changed meanwhile; `.unavailable`.
    public func run(
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
    ) async throws(StoreError) -> Report {
        let source = source
        let tables = try await TransferTable.all(of: source)
        let version = try await source.query("PRAGMA data_version", [])
        let number = try await Self.changes(source)
        var counts = Report()
        for table in tables {
            counts.rows[table.name] = Int(try await source.query(table.count, []).first?.integer(0) ?? 0)
        }
        let report = counts
        return try await target.transaction { (sql) async throws(StoreError) in
            // Whatever starts on the target now waits at these rows, and finds everything there.
            _ = try await sql.query("UPDATE counter SET value = value", [])
            try await Self.requireEmpty(tables, sql)
            let total = report.total * 2
            var done = 0
            for table in tables {
                try await Self.copy(table, from: source, to: sql) {
                    done += $0
                    progress(done, total)
                }
            }
            try await Self.copyCounters(from: source, to: sql)
            for table in tables {
                try await Self.compare(table, source, sql) {
                    done += $0
                    progress(done, total)
                }
            }
            guard try await source.query("PRAGMA data_version", []) == version,
                try await Self.changes(source) == number
            else {
                throw StoreError(
                    .unusable,
                    "the store was changed by a command meanwhile: nothing was copied, do it again"
                )
            }
            // Last, because a sequence is not undone with the transaction (PostgreSQL manual, Sequence Manipulation).
            try await Self.continueNumbers(from: source, to: sql)
            return report
        }
    }

    private static func changes(_ source: any SQLDatabase) async throws(StoreError) -> [SQLRow] {
        try await source.query("SELECT name, value FROM counter ORDER BY name", [])
    }

    private static func requireEmpty(_ tables: [TransferTable], _ sql: any SQLTransaction) async throws(StoreError) {
        for table in tables where try await !sql.query("SELECT 1 FROM \(table.name) LIMIT 1", []).isEmpty {
            throw StoreError(
                .unusable,
                "the PostgreSQL database is in use already (there are rows in \(table.name)): name an empty one"
            )
        }
    }

    private static func copy(
        _ table: TransferTable,
        from source: any SQLDatabase,
        to sql: any SQLTransaction,
        _ through: (Int) -> Void
    ) async throws(StoreError) {
        var last: SQLRow?
        while true {
            let statement = table.page(isFirst: last == nil, limit: table.batch, inPostgreSQL: false)
            let rows = try await source.query(statement, last.map(table.key(of:)) ?? [])
            guard !rows.isEmpty else { return }
            _ = try await sql.query(table.insert(rows: rows.count), rows.flatMap(\.values))
            through(rows.count)
            last = rows.last
        }
    }

    /// Reads both in the same order, page by page.
    private static func compare(
        _ table: TransferTable,
        _ source: any SQLDatabase,
        _ sql: any SQLTransaction,
        _ through: (Int) -> Void
    ) async throws(StoreError) {
        var last: SQLRow?
        while true {
            let key = last.map(table.key(of:)) ?? []
            let original = table.page(isFirst: last == nil, limit: table.batch, inPostgreSQL: false)
            let copy = table.page(isFirst: last == nil, limit: table.batch, inPostgreSQL: true)
            let originals = try await source.query(original, key)
            let copies = try await sql.query(copy, key)
            guard originals == copies else {
                throw StoreError(
                    .unusable,
                    "a row of \(table.name) did not arrive in PostgreSQL as it was: nothing was copied"
                )
            }
            guard !originals.isEmpty else { return }
            through(originals.count)
            last = originals.last
        }
    }

    /// The counters go on where they were, but for those that are sequences in PostgreSQL.
    private static func copyCounters(
        from source: any SQLDatabase,
        to sql: any SQLTransaction
    ) async throws(StoreError) {
        for row in try await changes(source) {
            let (name, value) = (try row.text(0), try row.integer(1))
            guard sequences[name] == nil else { continue }
            let written = try await sql.query(
                "UPDATE counter SET value = $2 WHERE name = $1 RETURNING value",
                [.text(name), .integer(value)]
            )
            guard written == [SQLRow([.integer(value)])] else {
                throw StoreError(.unusable, "the PostgreSQL database has no counter \(name): nothing was copied")
            }
        }
    }

    /// The numbers of sessions and people go on after the last that was given.
    private static func continueNumbers(
        from source: any SQLDatabase,
        to sql: any SQLTransaction
    ) async throws(StoreError) {
        for row in try await changes(source) {
            let (name, value) = (try row.text(0), try row.integer(1))
            guard let sequence = sequences[name], value > 0 else { continue }
            _ = try await sql.query("SELECT setval('\(sequence)', $1)", [.integer(value)])
            guard try await sql.query("SELECT last_value FROM \(sequence)", []) == [SQLRow([.integer(value)])] else {
                throw StoreError(
                    .unusable,
                    "the PostgreSQL database does not go on counting (\(sequence)): nothing was copied"
                )
            }
        }
    }
}
