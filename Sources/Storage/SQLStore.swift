public import Authentication
public import EventPoller
import Glibc
public import Logging
import PostgresClient
import Synchronization

// Storage keeps identities, local accounts, sessions, keys and not-befores in SQL.
//
// It implements `AccountStore`, `ThrottleStore` and `OfflineStore` of Authentication and `SessionStore`, `ChangeStore` and
// `KeyStore` of Tokens; it decides nothing about who may log in or what a token says. `SQLStore` holds the one SQL text;
// `SQLDatabase` is the boundary to the drivers, SQLite and PostgreSQL. The program opens one store and hands it to the rules;
// commands open the same file beside the daemon, which hears of their changes through `changes(after:now:)`.

/// Where everything is kept: one SQL database, open.
///
/// Every write is durable when its call returns. Errors: `.unavailable` (503, try again), `.conflict` (taken already),
/// `.unusable` (an operator must act).
public final class SQLStore: Sendable {
    let database: any SQLDatabase
    let clock: any WallClock
    /// True when several nodes may use it at the same time.
    public let isShared: Bool
    private let lock: ServingLock?
    /// Nil where nobody waits for writes.
    let watch: WriteWatch?
    /// The newest change as it was read when the database looked like this.
    let quiet = Mutex<(stamp: WriteStamp, number: Int64, readAt: ContinuousClock.Instant)?>(nil)

    init(
        database: any SQLDatabase,
        clock: any WallClock,
        isShared: Bool = false,
        lock: ServingLock? = nil,
        watch: WriteWatch? = nil
    ) {
        self.database = database
        self.clock = clock
        self.isShared = isShared
        self.lock = lock
        self.watch = watch
    }

    /// Opens the database and brings its schema up to date. An SQLite file is created (mode 0600, in a folder that exists); a
    /// PostgreSQL database must exist, its user must be allowed to make tables in it.
    ///
    /// - Parameters:
    ///   - url: with an absolute path; see `StorageURL.resolved(relativeTo:)`.
    ///   - serving: true for the daemon, of which an SQLite file serves one only; commands go beside it, and may wait longer
    ///     for a PostgreSQL.
    ///   - readers: `storage.pool`: with SQLite the most connections that read at once, each on a dispatch queue of its own,
    ///     beside one that writes; with PostgreSQL the most connections at all. Opened when needed.
    ///   - passwordFile: for PostgreSQL: read at each connect, so that it may change while the store is open.
    ///   - poller: where PostgreSQL's connections live, one of its own when nil; with SQLite it waits for writes
    ///     (`awaitWrite(within:)`).
    ///   - blocking: for connecting to PostgreSQL; a few threads of its own when nil.
    ///   - clock: for the moments of endings that the store causes itself.
    /// - Throws: `.unusable` or `.unavailable` with a sentence that names the database and the remedy.
    public static func open(
        _ url: StorageURL,
        serving: Bool = false,
        readers: Int = 8,
        passwordFile: String? = nil,
        poller: EventPoller? = nil,
        blocking: BlockingPool? = nil,
        clock: any WallClock = SystemWallClock(),
        logger: Logger
    ) async throws(StoreError) -> SQLStore {
        switch url {
        case .sqlite(let path):
            // Before the schema is touched: it may be that of a running daemon.
            let lock = serving ? try await SQLiteDatabase.lockForServing(path) : nil
            return try await open(
                SQLiteDatabase(path: path, readers: readers, emptiesLog: serving, logger: logger),
                path,
                clock,
                logger,
                lock: lock,
                watch: poller.flatMap { WriteWatch(ofDatabase: path, poller: $0) }
            )
        case .sqliteMemory:
            return try await open(
                SQLiteDatabase(path: nil, readers: readers, logger: logger),
                "in memory",
                clock,
                logger
            )
        case .postgresql(let url):
            return try await open(
                PostgreSQLDatabase(
                    opening: url,
                    connections: readers,
                    passwordFile: passwordFile,
                    poller: poller,
                    blocking: blocking,
                    limit: serving ? PostgreSQLDatabase.callLimit : PostgreSQLDatabase.unhurriedLimit,
                    logger: logger
                ),
                "\(url)",
                clock,
                logger,
                isShared: true
            )
        }
    }

    static func open(
        _ database: some SQLDatabase,
        _ name: String,
        _ clock: any WallClock,
        _ logger: Logger,
        isShared: Bool = false,
        lock: ServingLock? = nil,
        watch: WriteWatch? = nil
    ) async throws(StoreError) -> SQLStore {
        do {
            for version in try await database.migrate(name: name) {
                logger.info("The database has a new schema", metadata: ["database": "\(name)", "schema": "\(version)"])
            }
        } catch {
            await database.close()
            throw error
        }
        return SQLStore(database: database, clock: clock, isShared: isShared, lock: lock, watch: watch)
    }

    /// Finishes the writes that wait, folds the log into the file and closes; later calls throw `.unavailable`.
    public func close() async {
        await watch?.close()
        await database.close()
    }

    /// Writes a consistent copy to the new file `path` (mode 0600) while the store goes on, and reads all of it again.
    ///
    /// - Throws: `.conflict` when the file exists, `.unavailable` when it cannot be written.
    public func backup(to path: String) async throws(StoreError) {
        try await database.backup(to: path)
    }

    /// What a copy is called while it is written; `backup(to:)` leaves none behind.
    public static func unfinishedBackup(of path: String) -> String { "\(path).\(getpid()).part" }

    /// Says "look" when another process has changed something, sooner than polling would find out; nil with SQLite. Hints only:
    /// some may be lost, so polling goes on. To be asked for once; it ends when it is dropped.
    public func announcements() -> AsyncStream<Void>? { database.announcements() }

    /// What was done since the store was opened.
    public func statistics() -> StoreStatistics {
        database.statistics()
    }
}
