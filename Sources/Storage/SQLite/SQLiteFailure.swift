import Authentication
import GRDB

/// Turns SQLite's result codes (sqlite.org/rescode.html) into the store's.
enum SQLiteFailure {
    /// A sentence with the database and what to do; SQLite's own text names tables and columns, never values.
    static func storeError(_ error: any Error, database: String) -> StoreError {
        if let error = error as? StoreError { return error }
        guard let error = error as? DatabaseError else {
            return StoreError(.unusable, "the database \(database) failed: \(type(of: error))")
        }
        let text = error.message ?? "no reason given"
        switch error.resultCode {
        case .SQLITE_CONSTRAINT:
            return constraint(error.extendedResultCode, text: text, database: database)
        case .SQLITE_FULL:
            return StoreError(.unavailable, "the disk of the database \(database) is full: make room on it")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return StoreError(
                .unavailable,
                "another process kept the database \(database) locked for \(SQLiteConnection.busyTimeout.wholeSeconds) "
                    + "s: see who has it open (fuser)"
            )
        case .SQLITE_READONLY, .SQLITE_PERM:
            return StoreError(
                .unavailable,
                "the database \(database) cannot be written (\(text)): give its file and folder to the daemon's user"
            )
        case .SQLITE_CANTOPEN:
            return StoreError(
                .unavailable,
                "the database \(database) cannot be opened (\(text)): its folder must exist and be writable"
            )
        case .SQLITE_IOERR, .SQLITE_NOMEM, .SQLITE_INTERRUPT, .SQLITE_PROTOCOL, .SQLITE_NOLFS:
            return StoreError(.unavailable, "the disk of the database \(database) failed (\(text))")
        case .SQLITE_NOTADB:
            return StoreError(
                .unusable,
                "the file \(database) is no SQLite database: name another in storage.url, or restore a backup"
            )
        case .SQLITE_CORRUPT:
            return StoreError(.unusable, "the database \(database) is damaged (\(text)): restore a backup")
        default:
            return StoreError(.unusable, "the database \(database) refused a statement (\(error.resultCode): \(text))")
        }
    }

    private static func constraint(_ code: ResultCode, text: String, database: String) -> StoreError {
        switch code {
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_ROWID:
            return StoreError(.conflict, "exists already (\(text))")
        default:
            return StoreError(.unusable, "the database \(database) refused a row (\(text))")
        }
    }
}
