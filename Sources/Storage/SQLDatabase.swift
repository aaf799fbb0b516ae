import Authentication

// The only boundary between what is kept (SQLStore, one SQL text) and where it is kept (SQLite, PostgreSQL).
//
// The SQL is what both understand: `$1` placeholders, RETURNING, ON CONFLICT, no function that only one of them has.

/// What runs inside a transaction. It may run again when the database asks for that, so it only does SQL.
typealias TransactionBody<Value: Sendable> = @Sendable (any SQLTransaction) async throws(StoreError) -> Value

/// Statements inside one transaction.
protocol SQLTransaction {
    /// Runs one statement and returns its rows; `$1` is the first of `values`.
    func query(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow]

    /// The statement that raises the number of changes and returns it.
    var raiseChange: String { get }

    /// The statements of which the last gives the next DTTSessionId; more than `Int32.max` when they are used up.
    var raiseSession: [String] { get }

    /// The same for the next userId.
    var raiseUser: [String] { get }

    /// The statement that lets the userIds go on after `$1`.
    var setUser: String { get }

    /// True when others may write before this transaction ends, where it writes at all.
    var isShared: Bool { get }
}

extension SQLTransaction {
    var raiseChange: String { Numbering.raiseChange }
    var raiseSession: [String] { Numbering.raiseSession }
    var raiseUser: [String] { Numbering.raiseUser }
    var setUser: String { Numbering.setUser }
    var isShared: Bool { false }
}

/// A database as the store sees it.
protocol SQLDatabase: Sendable {
    /// Runs one reading statement of its own, and sees all that was answered before.
    func query(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow]

    /// Runs one writing statement as a transaction of its own, and returns its rows once it is durable.
    func write(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow]

    /// Runs `body`, and returns its value once it is durable; when `body` throws, nothing it did remains.
    ///
    /// A body throws on what a statement throws: PostgreSQL would not let it go on.
    func transaction<Value: Sendable>(_ body: @escaping TransactionBody<Value>) async throws(StoreError) -> Value

    /// Statements that open a session at once, tried in this order before a transaction is begun for it.
    var openAtOnce: [String] { get }

    /// True when other nodes may write to it, too.
    var isShared: Bool { get }

    /// The same for work that may take long and must keep nobody waiting: reading everything, tidying up.
    var unhurried: any SQLDatabase { get }

    /// The same for an administrator's work that takes as long as it takes.
    var unlimited: any SQLDatabase { get }

    /// The same for small reads that must not wait behind anybody else's.
    var apart: any SQLDatabase { get }

    /// Brings the schema up to date and returns the versions run.
    func migrate(name: String) async throws(StoreError) -> [Int64]

    /// Writes a consistent copy of everything to a new file while others go on reading and writing.
    func backup(to path: String) async throws(StoreError)

    /// Another one than before when anybody may have written meanwhile; nil where only a query tells.
    var writeStamp: WriteStamp? { get }

    /// Finishes what waits, then closes; later calls throw `.unavailable`.
    func close() async

    /// What was done so far.
    func statistics() -> StoreStatistics

    /// Says "look" whenever somebody has raised the number of changes; nil where nobody but this process would say so.
    /// Hints only: some may be lost.
    func announcements() -> AsyncStream<Void>?
}

extension SQLDatabase {
    func write(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow] {
        try await transaction { (transaction) async throws(StoreError) in try await transaction.query(sql, values) }
    }

    var openAtOnce: [String] { [] }

    var unhurried: any SQLDatabase { self }

    var unlimited: any SQLDatabase { self }

    var apart: any SQLDatabase { self }

    var isShared: Bool { false }

    func announcements() -> AsyncStream<Void>? { nil }

    var writeStamp: WriteStamp? { nil }
}
