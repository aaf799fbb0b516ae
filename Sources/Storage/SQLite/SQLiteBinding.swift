import Authentication
import GRDB
import GRDBSQLite

/// Gives a prepared statement its values, straight to SQLite: GRDB's arguments are a dictionary of boxes, which cost a login
/// as much as SQLite itself.
enum SQLiteBinding {
    /// Copies the octets before the call returns (sqlite.org/c3ref/bind_blob.html: SQLITE_TRANSIENT).
    private nonisolated(unsafe) static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private static let names = (1...64).map { "$\($0)" }

    /// Binds by name: SQLite takes `$2` for a name and numbers names by first appearance, so that `SELECT $2, $1` bound by
    /// position would swap the two (sqlite.org/lang_expr.html#varparam).
    static func bind(_ values: [SQLValue], to statement: Statement) throws {
        // Resets the statement and clears what was bound before.
        statement.setUncheckedArguments(StatementArguments())
        let handle = statement.sqliteStatement
        guard sqlite3_bind_parameter_count(handle) == values.count, values.count <= names.count else {
            throw StoreError(.unusable, "a statement has not as many parameters as values")
        }
        for (index, value) in values.enumerated() {
            let place = sqlite3_bind_parameter_index(handle, names[index])
            guard place > 0, try bind(value, at: place, handle) == SQLITE_OK else {
                throw StoreError(.unusable, "the parameter $\(index + 1) of a statement cannot be bound")
            }
        }
    }

    private static func bind(_ value: SQLValue, at place: CInt, _ handle: SQLiteStatement) throws -> CInt {
        switch value {
        case .null: return sqlite3_bind_null(handle, place)
        case .integer(let number): return sqlite3_bind_int64(handle, place, number)
        case .text(var text):
            // Refused, because PostgreSQL cannot store it and most tools cut it off there.
            guard !text.containsNUL else {
                throw StoreError(.unusable, "a text with a NUL character cannot be stored")
            }
            return text.withUTF8 { octets in
                octets.withMemoryRebound(to: CChar.self) { characters in
                    // An empty buffer has no address, and no address would be NULL.
                    guard let start = characters.baseAddress else {
                        return sqlite3_bind_text(handle, place, "", 0, transient)
                    }
                    return sqlite3_bind_text(handle, place, start, CInt(characters.count), transient)
                }
            }
        case .bytes(let bytes):
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(handle, place, 0) }
            return sqlite3_bind_blob(handle, place, bytes, CInt(bytes.count), transient)
        }
    }
}
