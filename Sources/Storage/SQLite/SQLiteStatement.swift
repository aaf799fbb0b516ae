import Authentication
import GRDB
import GRDBSQLite

/// A prepared statement, spoken to by SQLite's own calls: arguments and rows of GRDB are boxes behind dictionaries, which cost a
/// login as much as SQLite itself.
final class SQLiteStatement {
    private let database: OpaquePointer
    private let handle: OpaquePointer
    /// Where `$1`, `$2` … are: SQLite takes `$2` for a name and numbers names by first appearance, so that `SELECT $2, $1`
    /// bound by position would swap the two (sqlite.org/lang_expr.html#varparam).
    private let places: [CInt]

    /// - Throws: `DatabaseError` for SQL that `database` does not take, `StoreError` for other parameters than `$1`, `$2` ….
    init(_ sql: String, in database: OpaquePointer) throws {
        var handle: OpaquePointer?
        let flags = CUnsignedInt(SQLITE_PREPARE_PERSISTENT)
        guard sqlite3_prepare_v3(database, sql, -1, flags, &handle, nil) == SQLITE_OK, let handle else {
            throw Self.error(of: database)
        }
        let count = sqlite3_bind_parameter_count(handle)
        places = (0..<max(0, count)).map { sqlite3_bind_parameter_index(handle, "$\($0 + 1)") }
        self.database = database
        self.handle = handle
        guard places.allSatisfy({ $0 > 0 }) else {
            throw StoreError(.unusable, "a statement has other parameters than $1, $2 …")
        }
    }

    deinit { sqlite3_finalize(handle) }

    /// Runs it to its end and returns all rows.
    func run(_ values: [SQLValue]) throws -> [SQLRow] {
        guard values.count == places.count else {
            throw StoreError(.unusable, "a statement has not as many parameters as values")
        }
        // Behind each other, where they stay until the end: SQLite would otherwise allocate a copy of each. The octet behind the
        // last is for those that are empty: they need an address, too, or they would be NULL.
        var octets: [UInt8] = []
        octets.reserveCapacity(values.reduce(1) { $0 + $1.octetCount })
        for value in values { try value.append(to: &octets) }
        octets.append(0)
        return try octets.withUnsafeBufferPointer { octets in
            // The code it returns is the one of the last step, which is known by then.
            defer {
                sqlite3_reset(handle)
                sqlite3_clear_bindings(handle)
            }
            try bind(values, octets)
            var rows: [SQLRow] = []
            while true {
                switch sqlite3_step(handle) {
                case SQLITE_ROW: rows.append(try row())
                case SQLITE_DONE: return rows
                default: throw Self.error(of: database)
                }
            }
        }
    }

    /// - Parameter octets: those of the texts and octets among `values`; they stay where they are as long as they are bound
    ///   (sqlite.org/c3ref/bind_blob.html: SQLITE_STATIC, which is no destructor).
    private func bind(_ values: [SQLValue], _ octets: UnsafeBufferPointer<UInt8>) throws {
        guard var next = octets.baseAddress else { return }
        for (index, value) in values.enumerated() {
            let (place, count) = (places[index], value.octetCount)
            let code =
                switch value {
                case .null: sqlite3_bind_null(handle, place)
                case .integer(let number): sqlite3_bind_int64(handle, place, number)
                case .text:
                    next.withMemoryRebound(to: CChar.self, capacity: count) {
                        sqlite3_bind_text(handle, place, $0, CInt(count), nil)
                    }
                case .bytes: sqlite3_bind_blob(handle, place, next, CInt(count), nil)
                }
            guard code == SQLITE_OK else {
                throw StoreError(.unusable, "the parameter $\(index + 1) of a statement cannot be bound")
            }
            next += count
        }
    }

    private func row() throws -> SQLRow {
        let count = sqlite3_column_count(handle)
        var values: [SQLValue] = []
        values.reserveCapacity(Int(count))
        for column in 0..<count { values.append(try value(column)) }
        return SQLRow(values)
    }

    private func value(_ column: CInt) throws -> SQLValue {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_NULL: return .null
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, column))
        case SQLITE_TEXT:
            // In this order: asking for the text may change the size (sqlite.org/c3ref/column_blob.html).
            let start = sqlite3_column_text(handle, column)
            let octets = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
            return .text(String(decoding: octets, as: UTF8.self))
        case SQLITE_BLOB:
            let start = sqlite3_column_blob(handle, column)
            let octets = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
            return .bytes([UInt8](octets))
        default: throw StoreError(.unusable, "the database holds a fraction where none belongs")
        }
    }

    private static func error(of database: OpaquePointer) -> DatabaseError {
        DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(database)),
            message: String(cString: sqlite3_errmsg(database))
        )
    }
}

extension SQLValue {
    /// How many octets it has; none when it is a number.
    fileprivate var octetCount: Int {
        switch self {
        case .null, .integer: 0
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        }
    }

    /// - Throws: ``StoreError`` for a text with NUL: PostgreSQL cannot store it, and most tools cut it off there.
    fileprivate func append(to octets: inout [UInt8]) throws {
        switch self {
        case .null, .integer: break
        case .text(let text):
            guard !text.containsNUL else {
                throw StoreError(.unusable, "a text with a NUL character cannot be stored")
            }
            octets.append(contentsOf: text.utf8)
        case .bytes(let bytes): octets.append(contentsOf: bytes)
        }
    }
}
