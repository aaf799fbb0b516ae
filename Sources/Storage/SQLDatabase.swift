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
}

/// A database as the store sees it.
protocol SQLDatabase: Sendable {
    /// Runs one reading statement of its own, and sees all that was answered before.
    func query(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow]

    /// Runs `body`, and returns its value once it is durable; when `body` throws, nothing it did remains.
    func transaction<Value: Sendable>(_ body: @escaping TransactionBody<Value>) async throws(StoreError) -> Value

    /// Writes a consistent copy of everything to a new file while others go on reading and writing.
    func backup(to path: String) async throws(StoreError)

    /// Finishes what waits, then closes; later calls throw `.unavailable`.
    func close() async

    /// What was done so far.
    func statistics() -> StoreStatistics
}
