import Authentication
import GRDB
import Glibc

/// One SQLite connection with its prepared statements. Its calls block: only the actors on a `QueueExecutor` make them.
struct SQLiteConnection: Sendable {
    /// How long another process may hold the database before a call gives up.
    static let busyTimeout: Duration = .seconds(5)

    private let queue: DatabaseQueue
    private let name: String

    /// Opens `path`, or a database in memory when it is nil; a file is created by `SQLiteFile`, never here.
    init(path: String?, readOnly: Bool) throws(StoreError) {
        let name = path ?? "in memory"
        do {
            let configuration = Self.configuration(readOnly: readOnly, file: path)
            queue =
                try path.map { try DatabaseQueue(path: $0, configuration: configuration) }
                ?? DatabaseQueue(configuration: configuration)
        } catch {
            throw SQLiteFailure.storeError(error, database: name)
        }
        self.name = name
    }

    private static func configuration(readOnly: Bool, file: String?) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readOnly
        // A transaction spans several calls here, which GRDB calls unsafe.
        configuration.allowsUnsafeTransactions = true
        // SQLite's own handler sleeps up to 100 ms between two looks; a command beside a busy daemon, whose transactions
        // follow each other closely, would hardly ever find the gap.
        let tries = Int(busyTimeout.components.seconds * 1000)
        configuration.busyMode = .callback { count in
            usleep(1000)
            return count < tries
        }
        configuration.prepareDatabase { database in
            // FULL, because in WAL mode NORMAL does not sync at COMMIT (sqlite.org/pragma.html#pragma_synchronous).
            // Set by hand, because GRDB's own WAL setting chooses NORMAL.
            if let file, !readOnly {
                let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
                guard mode == "wal" else {
                    throw StoreError(
                        .unusable,
                        "the database \(file) cannot use a write-ahead log (is it on a network file "
                            + "system?): put it on a local disk"
                    )
                }
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
            }
            try database.execute(sql: "PRAGMA cache_size = -16000")
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
        }
        return configuration
    }

    /// Runs one statement, prepared once and kept.
    @discardableResult
    func query(_ sql: String, _ values: [SQLValue] = []) throws(StoreError) -> [SQLRow] {
        do {
            return try queue.inDatabase { database in
                let statement = try database.cachedStatement(sql: sql)
                try SQLiteBinding.bind(values, to: statement)
                guard statement.columnCount > 0 else {
                    try statement.execute()
                    return []
                }
                return try Self.rows(statement)
            }
        } catch {
            throw SQLiteFailure.storeError(error, database: name)
        }
    }

    /// False also when SQLite has rolled back by itself, as it may on a full disk (sqlite.org/lang_transaction.html).
    var isInTransaction: Bool {
        queue.inDatabase { $0.isInsideTransaction }
    }

    /// Finalizes the statements and closes.
    func close() {
        // The only error is "statements still in use", of which there is none here: rows are never read lazily.
        try? queue.close()
    }

    private static func rows(_ statement: Statement) throws -> [SQLRow] {
        var rows: [SQLRow] = []
        let cursor = try Row.fetchCursor(statement)
        while let row = try cursor.next() {
            var values: [SQLValue] = []
            values.reserveCapacity(row.count)
            for column in 0..<row.count {
                let value: DatabaseValue = row[column]
                switch value.storage {
                case .null: values.append(.null)
                case .int64(let number): values.append(.integer(number))
                case .string(let text): values.append(.text(text))
                case .blob(let data): values.append(.bytes([UInt8](data)))
                case .double: throw StoreError(.unusable, "the database holds a fraction where none belongs")
                }
            }
            rows.append(SQLRow(values))
        }
        return rows
    }
}
