import Authentication
import Glibc
import Logging
import TestSupport
import Testing

@testable import Storage

/// Where the conformance suite runs; a further database is a further case.
enum Backend: CaseIterable, Sendable, CustomTestStringConvertible {
    case memory
    case file
    case postgresql

    /// Those with a database in one file, or in none.
    static let sqlite: [Backend] = [.memory, .file]

    var testDescription: String { "\(self)" }

    /// Runs `body` on a new, empty store.
    func withStore(
        clock: any WallClock = FixedClock(),
        _ body: (SQLStore) async throws -> Void
    ) async throws {
        guard self != .postgresql else { return try await withPostgreSQL(clock, body) }
        let folder = try TemporaryDirectory("ldapauthd-storage")
        let url: StorageURL = self == .file ? .sqlite(path: folder.path(of: "test.db")) : .sqliteMemory
        try await run(SQLStore.open(url, clock: clock, logger: .silent), body)
    }

    /// With time for a busy machine in each call; that outages are told in two seconds is another test's.
    private func withPostgreSQL(_ clock: any WallClock, _ body: (SQLStore) async throws -> Void) async throws {
        try await SharedPostgres.turn()
        defer { SharedPostgres.giveTurn() }
        let database = try await SharedPostgres.database(at: SharedPostgres.newURL())
        try await run(SQLStore.open(database, "test", clock, .silent), body)
    }

    private func run(_ store: SQLStore, _ body: (SQLStore) async throws -> Void) async throws {
        do {
            try await body(store)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }
}

extension TemporaryDirectory {
    /// The permission bits of a file, or nil when there is none.
    func mode(of name: String) -> UInt32? {
        var status = stat()
        return stat(path(of: name), &status) == 0 ? status.st_mode & 0o7777 : nil
    }
}

/// A clock that stands still.
struct FixedClock: WallClock {
    var time = Timestamp(seconds: 1_790_000_000)

    func now() -> Timestamp { time }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
