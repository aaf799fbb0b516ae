import Authentication

/// SQLite behind the boundary for who only looks: one connection, which refuses to write.
final class SQLiteLook: SQLDatabase {
    private let reader: SQLiteReader

    init(path: String) {
        reader = SQLiteReader(path: path, place: -3, looks: true)
    }

    func query(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow] {
        try await reader.query(sql, values)
    }

    /// Statements one after the other, each of which sees the database as it then is.
    func transaction<Value: Sendable>(_ body: @escaping TransactionBody<Value>) async throws(StoreError) -> Value {
        try await body(Statements(reader: reader))
    }

    func migrate(name: String) async throws(StoreError) -> [Int64] { [] }

    func backup(to path: String) async throws(StoreError) { try await reader.copy(to: path) }

    func close() async { await reader.close() }

    func statistics() -> StoreStatistics { StoreStatistics() }

    private struct Statements: SQLTransaction {
        let reader: SQLiteReader

        func query(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow] {
            try await reader.query(sql, values)
        }
    }
}
