import Authentication
import GRDB
import GRDBSQLite
import Glibc
import Synchronization

/// One SQLite connection with its prepared statements. Its calls block: only the actors on a `QueueExecutor` make them.
///
/// GRDB opens, configures and closes it; statements are SQLite's own.
final class SQLiteConnection {
    /// How long another process may hold the database before a call gives up.
    static let busyTimeout: Duration = .seconds(5)

    private let queue: DatabaseQueue
    /// Nil when it is closed.
    private var handle: OpaquePointer?
    private let name: String
    /// The program has only so many, and each is prepared once.
    private var statements: [StatementText: SQLiteStatement] = [:]

    /// Opens `path`, or a database in memory when it is nil; a file is created by `SQLiteFile`, never here.
    ///
    /// - Parameter looks: may write, as far as the system goes, so that it can take away the log and the index that SQLite
    ///   makes for reading, which a read-only connection leaves behind (sqlite.org/wal.html); its statements may not.
    /// - Parameter emptiesLog: copies the write-ahead log into the database when it is long. One connection may, of all
    ///   processes: SQLite before 3.51.3 can lose what was committed when one connection begins to copy while another lets the
    ///   log begin anew (sqlite.org/wal.html#walresetbug). Whoever closes last empties it, too, alone with the database.
    init(path: String?, readOnly: Bool, looks: Bool = false, emptiesLog: Bool = false) throws(StoreError) {
        let name = path ?? "in memory"
        do {
            let configuration = Self.configuration(
                readOnly: readOnly,
                looks: looks,
                emptiesLog: emptiesLog,
                file: path
            )
            queue =
                try path.map { try DatabaseQueue(path: $0, configuration: configuration) }
                ?? DatabaseQueue(configuration: configuration)
            guard let handle = queue.inDatabase({ $0.sqliteConnection }) else { throw SQLiteDatabase.closed }
            // GRDB watches transactions of its own statements with these, and there are none from here on.
            sqlite3_commit_hook(handle, nil, nil)
            sqlite3_rollback_hook(handle, nil, nil)
            sqlite3_update_hook(handle, nil, nil)
            sqlite3_set_authorizer(handle, nil, nil)
            self.handle = handle
        } catch {
            throw SQLiteFailure.storeError(error, database: name)
        }
        self.name = name
    }

    // Statements end before the connection that the queue closes.
    deinit { statements = [:] }

    private static func configuration(
        readOnly: Bool,
        looks: Bool,
        emptiesLog: Bool,
        file: String?
    ) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readOnly
        // A transaction spans several calls here, which GRDB calls unsafe.
        configuration.allowsUnsafeTransactions = true
        // SQLite's own handler sleeps up to 100 ms between two looks; a command beside a busy daemon, whose transactions
        // follow each other closely, would hardly ever find the gap.
        // By the clock: on a busy machine a sleep of a millisecond takes several.
        let begun = Mutex(ContinuousClock.now)
        configuration.busyMode = .callback { count in
            if count == 0 { begun.withLock { $0 = .now } }
            usleep(1000)
            return ContinuousClock.now < begun.withLock { $0 } + busyTimeout
        }
        configuration.prepareDatabase { database in
            // FULL, because in WAL mode NORMAL does not sync at COMMIT (sqlite.org/pragma.html#pragma_synchronous).
            // Set by hand, because GRDB's own WAL setting chooses NORMAL.
            if looks { try database.execute(sql: "PRAGMA query_only = ON") }
            if let file, !readOnly, !looks {
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
                if !emptiesLog { try database.execute(sql: "PRAGMA wal_autocheckpoint = 0") }
            }
            try database.execute(sql: "PRAGMA cache_size = -8000")
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
        }
        return configuration
    }

    /// Runs one statement, prepared once and kept.
    @discardableResult
    func query(_ sql: String, _ values: [SQLValue] = []) throws(StoreError) -> [SQLRow] {
        do {
            let text = StatementText(sql: sql)
            if let statement = statements[text] { return try statement.run(values) }
            guard let handle else { throw SQLiteDatabase.closed }
            let statement = try SQLiteStatement(sql, in: handle)
            statements[text] = statement
            return try statement.run(values)
        } catch {
            throw SQLiteFailure.storeError(error, database: name)
        }
    }

    /// False also when SQLite has rolled back by itself, as it may on a full disk (sqlite.org/lang_transaction.html).
    var isInTransaction: Bool { handle.map { sqlite3_get_autocommit($0) == 0 } ?? false }

    /// Finalizes the statements and closes.
    func close() {
        statements = [:]
        handle = nil
        // The only error is "statements still in use", of which there is none here: rows are never read lazily.
        try? queue.close()
    }
}

/// A statement as a key: hashed by its length, because there are few, and their texts are long. Comparing two that are one
/// and the same string takes a look at its address.
private struct StatementText: Hashable {
    let sql: String

    func hash(into hasher: inout Hasher) { hasher.combine(sql.utf8.count) }
}
