import Authentication
import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Tokens

@testable import Storage

/// Looking at a store: nothing is made, nothing changed.
@Suite("Looking at a store") struct PresentStoreTests {
    private let folder: TemporaryDirectory
    private var path: String { folder.path(of: "test.db") }

    init() throws {
        folder = try TemporaryDirectory("ldapauthd-storage")
    }

    private func open() async throws(StoreError) -> SQLStore {
        try await SQLStore.open(.sqlite(path: path), clock: FixedClock(), logger: .silent)
    }

    private func look(_ path: String? = nil) async throws(StoreError) -> PresentStore {
        try await SQLStore.present(.sqlite(path: path ?? self.path), logger: .silent)
    }

    private func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private func content() throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    @Test("Where there is no file, none is made; an empty one stays empty")
    func none() async throws {
        guard case .none = try await look() else { return #expect(Bool(false)) }
        guard case .none = try await look(folder.path(of: "missing/test.db")) else { return #expect(Bool(false)) }
        #expect(try files().isEmpty)
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        #expect(chmod(path, 0o644) == 0)
        guard case .none = try await look() else { return #expect(Bool(false)) }
        #expect(try files() == ["test.db"])
        #expect(try content().isEmpty && folder.mode(of: "test.db") == 0o644)
        guard case .none = try await SQLStore.present(.sqliteMemory, logger: .silent) else {
            return #expect(Bool(false))
        }
    }

    @Test("The present schema is opened, read, and not written")
    func present() async throws {
        let store = try await open()
        try await store.insert(account("ann"))
        let check = try await store.masterKeyCheck(orStore: [1, 2, 3])
        await store.close()
        let before = try content()
        guard case .open(let seen) = try await look() else { return #expect(Bool(false)) }
        #expect(try await seen.accounts().map(\.name) == ["ann"])
        #expect(try await seen.masterKeyCheck() == check)
        await #expect(throws: StoreError(.unavailable, "")) { try await seen.insert(account("bob")) }
        await #expect(throws: StoreError(.unavailable, "")) {
            _ = try await seen.database.query("DELETE FROM account", [])
        }
        await seen.close()
        #expect(try content() == before)
        #expect(try files() == ["test.db"], "nothing is left behind")
    }

    @Test("It reads beside a daemon, also what is in the log only")
    func beside() async throws {
        let store = try await open()
        try await store.insert(account("ann"))
        guard case .open(let seen) = try await look() else { return #expect(Bool(false)) }
        #expect(try await seen.accounts().count == 1)
        try await store.insert(account("bob"))
        #expect(try await seen.accounts().count == 2)
        await seen.close()
        try await store.insert(account("eve"))
        #expect(try await store.accounts().count == 3)
        await store.close()
    }

    @Test("An older schema stays what it is", arguments: UpgradeTests.older)
    func older(_ version: Int64) async throws {
        let database = try await SQLiteDatabase(path: path, readers: 1, logger: .silent)
        let first = Migrations(
            steps: Migrations.sqlite.steps.filter { $0.version <= version },
            inspect: Migrations.sqlite.inspect
        )
        _ = try await first.run(on: database, name: "old")
        await database.close()
        let before = try content()
        guard case .older(version, Migrations.sqlite.known) = try await look() else { return #expect(Bool(false)) }
        #expect(try content() == before)
        #expect(try files() == ["test.db"])
    }

    @Test("A newer schema, another program's and what is no database have their sentences")
    func refusals() async throws {
        let store = try await open()
        _ = try await store.database.write("UPDATE schema_version SET version = 1000", [])
        await store.close()
        let foreign = try SQLiteConnection(path: folder.path(of: "foreign"), readOnly: false)
        try foreign.query("CREATE TABLE theirs (id INTEGER)")
        foreign.close()
        try Data("something else than a database".utf8).write(to: URL(filePath: folder.path(of: "text")))
        let cases = [
            (path, "this program knows up to \(Migrations.sqlite.known)"),
            (folder.path(of: "foreign"), "another program"), (folder.path(of: "text"), "is no SQLite database"),
            ("/dev/null", "no regular file"), (folder.path, "no regular file"),
        ]
        for (path, sentence) in cases {
            do {
                _ = try await look(path)
                Issue.record("\(path) was opened")
            } catch {
                #expect(error.code == .unusable && error.detail.contains(sentence), "\(path): \(error.detail)")
            }
        }
    }

    @Test("PostgreSQL: no table is made, an older schema stays, what is there is read and not written")
    func postgreSQL() async throws {
        try await SharedPostgres.turn()
        defer { SharedPostgres.giveTurn() }
        let text = try await SharedPostgres.newURL()
        let url = try StorageURL(text)
        func look() async throws -> PresentStore { try await SQLStore.present(url, logger: .silent) }
        guard case .none = try await look() else { return #expect(Bool(false)) }
        let database = try await SharedPostgres.database(at: text)
        #expect(try await database.query("SELECT to_regclass('schema_version')::text", []).first?.values == [.null])
        let first = Migrations(
            steps: Migrations.postgreSQL.steps.dropLast(),
            inspect: Migrations.postgreSQL.inspect
        )
        _ = try await first.run(on: database, name: "old")
        guard case .older(first.known, Migrations.postgreSQL.known) = try await look() else {
            return #expect(Bool(false))
        }
        let store = try await SQLStore.open(database, "test", FixedClock(), .silent)
        try await store.insert(account("ann"))
        guard case .open(let seen) = try await look() else { return #expect(Bool(false)) }
        #expect(try await seen.accounts().map(\.name) == ["ann"])
        #expect(try await seen.masterKeyCheck() == nil)
        await #expect(throws: StoreError.self) { try await seen.insert(account("bob")) }
        await #expect(throws: StoreError.self) { _ = try await seen.database.query("DELETE FROM account", []) }
        await seen.close()
        #expect(try await store.accounts().count == 1)
        await store.close()
    }
}
