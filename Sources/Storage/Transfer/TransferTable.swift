import Authentication

/// A table as it is copied from SQLite to PostgreSQL: all its columns, in pages by its primary key.
///
/// Read from the source's own schema, so that no table and no column can be forgotten.
struct TransferTable: Sendable, Hashable {
    /// A column, and how PostgreSQL calls its type.
    struct Column: Sendable, Hashable {
        let name: String
        let type: String
        /// Its place in the primary key, from 1; 0 outside.
        let keyPlace: Int64
    }

    let name: String
    let columns: [Column]

    /// Kept otherwise: the schema is made by the target itself, and one of the counters is a sequence there.
    private static let special: Set<String> = ["schema_version", "counter"]

    private static let selectTables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    private static let selectColumns = "SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid"

    /// All tables of an SQLite database, each after those its rows refer to.
    static func all(of source: any SQLDatabase) async throws(StoreError) -> [TransferTable] {
        var tables: [TransferTable] = []
        for row in try await source.query(selectTables, []) {
            let name = try row.text(0)
            guard !special.contains(name), !name.hasPrefix("sqlite_") else { continue }
            var columns: [Column] = []
            for column in try await source.query(selectColumns, [.text(name)]) {
                columns.append(
                    Column(
                        name: try column.text(0),
                        type: try type(column.text(1), of: name),
                        keyPlace: try column.integer(2)
                    )
                )
            }
            tables.append(TransferTable(name: name, columns: columns))
        }
        // Sessions refer to identities, and nothing else refers to anything.
        return tables.filter { $0.name == "identity" } + tables.filter { $0.name != "identity" }
    }

    private static func type(_ sqlite: String, of table: String) throws(StoreError) -> String {
        switch sqlite {
        case "INTEGER": return "bigint"
        case "TEXT": return "text"
        case "BLOB": return "bytea"
        default: throw StoreError(.unusable, "the table \(table) has a column of the unknown type \(sqlite)")
        }
    }

    private var list: String { columns.map(\.name).joined(separator: ", ") }

    private var key: [Column] { columns.filter { $0.keyPlace > 0 }.sorted { $0.keyPlace < $1.keyPlace } }

    /// Reads the first rows in the order of the key, or those after a row; both databases order alike then.
    func page(isFirst: Bool, limit: Int, inPostgreSQL: Bool) -> String {
        let names = key.map { inPostgreSQL && $0.type == "text" ? "\($0.name) COLLATE \"C\"" : $0.name }
        let values = key.indices.map { place in
            inPostgreSQL ? "$\(place + 1)::\(key[place].type)" : "$\(place + 1)"
        }
        let after = "(\(names.joined(separator: ", "))) > (\(values.joined(separator: ", ")))"
        return """
            SELECT \(list) FROM \(name) \(isFirst ? "" : "WHERE \(after)")
            ORDER BY \(names.joined(separator: ", ")) LIMIT \(limit)
            """
    }

    /// The values of the key in a row, as `page` takes them.
    func key(of row: SQLRow) -> [SQLValue] {
        key.compactMap { part in columns.firstIndex(of: part).map { row.values[$0] } }
    }

    /// Writes so many rows into PostgreSQL.
    func insert(rows: Int) -> String {
        let width = columns.count
        let values = (0..<rows).map { row in
            "(\(columns.indices.map { "$\(row * width + $0 + 1)::\(columns[$0].type)" }.joined(separator: ", ")))"
        }
        return "INSERT INTO \(name) (\(list)) VALUES \(values.joined(separator: ", "))"
    }

    var count: String { "SELECT COUNT(*) FROM \(name)" }

    /// So many rows go in one statement: few enough for its 65 535 parameters.
    var batch: Int { max(1, min(200, 16_000 / max(1, columns.count))) }
}
