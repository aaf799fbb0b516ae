public import Authentication
import Glibc
public import Logging

/// What there is at a place, for who only looks.
public enum PresentStore: Sendable {
    /// No file, or no tables in it yet.
    case none
    /// The tables of an older version; opening them as a daemon does brings them from `schema` to `known`.
    case older(schema: Int64, known: Int64)
    /// The tables this program knows, open; the caller closes the store. What writes is refused.
    case open(SQLStore)
}

extension SQLStore {
    /// Looks at the database without making or changing anything there: no file, no table, no mode of a file.
    ///
    /// - Parameters:
    ///   - url: with an absolute path; see `StorageURL.resolved(relativeTo:)`.
    ///   - passwordFile: for PostgreSQL.
    /// - Throws: `.unusable` or `.unavailable` with a sentence, as `open` does.
    public static func present(
        _ url: StorageURL,
        passwordFile: String? = nil,
        logger: Logger
    ) async throws(StoreError) -> PresentStore {
        switch url {
        case .sqliteMemory:
            return .none
        case .sqlite(let path):
            guard try isFile(path) else { return .none }
            return try await present(in: SQLiteLook(path: path), .sqlite, path, isShared: false)
        case .postgresql(let url):
            let database = try await PostgreSQLDatabase(
                opening: url,
                connections: 1,
                passwordFile: passwordFile,
                poller: nil,
                blocking: nil,
                limit: PostgreSQLDatabase.unhurriedLimit,
                readsOnly: true,
                logger: logger
            )
            return try await present(in: database, .postgreSQL, "\(url)", isShared: true)
        }
    }

    private static func present(
        in database: some SQLDatabase,
        _ migrations: Migrations,
        _ name: String,
        isShared: Bool
    ) async throws(StoreError) -> PresentStore {
        do {
            let schema = try await migrations.present(in: database, name: name)
            if schema == migrations.known {
                return .open(SQLStore(database: database, clock: SystemWallClock(), isShared: isShared))
            }
            await database.close()
            return schema.map { .older(schema: $0, known: migrations.known) } ?? .none
        } catch {
            await database.close()
            throw error
        }
    }

    /// SQLite would take a device for an empty database.
    private static func isFile(_ path: String) throws(StoreError) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno != ENOENT else { return false }
            let reason = String(cString: strerror(errno))
            throw StoreError(.unavailable, "the database \(path) cannot be looked at (\(reason))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StoreError(.unusable, "\(path) is no regular file: name another path in storage.url")
        }
        return true
    }
}
