public import Authentication
import PostgresClient

/// `storage.url`: which database, and where.
public enum StorageURL: Sendable, Hashable {
    /// An SQLite file; the path is absolute once `resolved(relativeTo:)` was called.
    case sqlite(path: String)
    /// An SQLite database that is gone when it is closed, for trying out.
    case sqliteMemory
    /// A database of PostgreSQL, for several nodes.
    case postgresql(PostgreSQLURL)

    /// Reads `sqlite:/path`, `sqlite:relative`, `sqlite::memory:`, or `postgresql://user@host/db` with libpq's parameters.
    ///
    /// - Throws: `.unusable` with a sentence for everything else.
    public init(_ text: String) throws(StoreError) {
        if text.hasPrefix("postgresql:") || text.hasPrefix("postgres:") {
            self = .postgresql(try PostgreSQLURL(text))
            return
        }
        guard text.hasPrefix("sqlite:") else {
            throw StoreError(
                .unusable,
                "\(text.prefix(while: { $0 != ":" })): is no storage known here; write \"sqlite:PATH\" or "
                    + "\"postgresql://USER@HOST/DATABASE\""
            )
        }
        let path = String(text.dropFirst("sqlite:".count))
        if path == ":memory:" {
            self = .sqliteMemory
            return
        }
        guard !path.isEmpty, !path.utf8.contains(0), !path.hasPrefix(":") else {
            throw StoreError(.unusable, "\"\(text)\" names no file; write \"sqlite:PATH\" or \"sqlite::memory:\"")
        }
        // As in a file URL with an empty authority (RFC 8089 §2), because many write it so.
        self = .sqlite(path: path.hasPrefix("///") ? String(path.dropFirst(2)) : path)
    }

    /// The same with a relative path put behind `folder`.
    public func resolved(relativeTo folder: String) -> StorageURL {
        guard case .sqlite(let path) = self, !path.hasPrefix("/") else { return self }
        return .sqlite(path: folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)")
    }
}
