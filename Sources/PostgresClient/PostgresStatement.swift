/// One SQL statement with its values.
public struct PostgresStatement: Sendable, Hashable {
    /// The text, one statement; `$1` is the first of `values`.
    public let sql: String
    /// What is bound.
    public let values: [PostgresValue]

    /// A statement. One with values is prepared once per connection and kept there; one without is not.
    public init(_ sql: String, _ values: [PostgresValue] = []) {
        self.sql = sql
        self.values = values
    }
}

/// What the server answered to one statement.
public struct PostgresResult: Sendable, Hashable {
    /// The rows, each with one value per column.
    public let rows: [[PostgresValue]]
    /// The command tag, as `INSERT 0 1` or `COMMIT`.
    public let tag: String

    init(rows: [[PostgresValue]], tag: String) {
        self.rows = rows
        self.tag = tag
    }
}
