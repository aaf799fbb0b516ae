public import Authentication
public import Logging

// Storage keeps identities, local accounts, sessions, keys and not-befores in SQL.
//
// It implements `AccountStore` of Authentication and `SessionStore`, `ChangeStore` and `KeyStore` of Tokens; it decides
// nothing about who may log in or what a token says. `SQLStore` holds the one SQL text; `SQLDatabase` is the boundary to the
// drivers (SQLite now). The program opens one store and hands it to the rules; commands open the same file beside the
// daemon, which hears of their changes through `changes(after:now:)`.

/// Where everything is kept: one SQL database, open.
///
/// Every write is durable when its call returns. Errors: `.unavailable` (503, try again), `.conflict` (taken already),
/// `.unusable` (an operator must act).
public final class SQLStore: Sendable {
    let database: any SQLDatabase
    let clock: any WallClock

    init(database: any SQLDatabase, clock: any WallClock) {
        self.database = database
        self.clock = clock
    }

    /// Opens the database, creating it (mode 0600, in a folder that exists) and bringing its schema up to date.
    ///
    /// - Parameters:
    ///   - url: with an absolute path; see `StorageURL.resolved(relativeTo:)`.
    ///   - readers: `storage.pool`: the most connections that read at once. Opened when needed; one more connection writes.
    ///     Each lives on a dispatch queue of its own; no pool is needed.
    ///   - clock: for the moments of endings that the store causes itself.
    /// - Throws: `.unusable` or `.unavailable` with a sentence that names the file and the remedy.
    public static func open(
        _ url: StorageURL,
        readers: Int = 8,
        clock: any WallClock = SystemWallClock(),
        logger: Logger
    ) async throws(StoreError) -> SQLStore {
        let path: String? =
            switch url {
            case .sqlite(let path): path
            case .sqliteMemory: nil
            }
        let database = try await SQLiteDatabase(path: path, readers: readers, logger: logger)
        let name = path ?? "in memory"
        do {
            let run = try await Migrations.sqlite.run(on: database, name: name)
            for version in run {
                logger.info("The database has a new schema", metadata: ["database": "\(name)", "schema": "\(version)"])
            }
        } catch {
            await database.close()
            throw error
        }
        return SQLStore(database: database, clock: clock)
    }

    /// Finishes the writes that wait, folds the log into the file and closes; later calls throw `.unavailable`.
    public func close() async {
        await database.close()
    }

    /// Writes a consistent copy to the new file `path` (mode 0600) while the store goes on.
    ///
    /// - Throws: `.conflict` when the file exists, `.unavailable` when it cannot be written.
    public func backup(to path: String) async throws(StoreError) {
        try await database.backup(to: path)
    }

    /// What was done since the store was opened.
    public func statistics() -> StoreStatistics {
        database.statistics()
    }
}
