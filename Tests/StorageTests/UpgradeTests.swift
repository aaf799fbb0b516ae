import Authentication
import FoundationEssentials
import TestSupport
import Testing
import Tokens

@testable import Storage

/// A store of an older version, taken over by this one: every schema that was ever released.
@Suite("Older schemas") struct UpgradeTests {
    /// Versions before the present one, alike on both databases.
    static let older = Migrations.sqlite.steps.map(\.version).dropLast()

    private static let tokenKey = """
        INSERT INTO token_key (id, purpose, algorithm, phase, wrapped, created_at, activated_at, retire_at)
        VALUES ('key-1', 'sign', 'ES256', 'current', $1, 1790000000000, 1790000000000, NULL)
        """

    private func columns(_ database: any SQLDatabase, isSQLite: Bool) async throws -> [String] {
        let text =
            isSQLite
            ? """
            SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk
            FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1
            """
            : """
            SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
            FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1
            """
        return try await database.query(text, []).map { try $0.text(0) }
    }

    /// Fills a store of an older schema, opens it as a new version does, and looks whether all is there.
    private func upgrade(
        _ database: any SQLDatabase,
        _ migrations: Migrations,
        from version: Int64,
        reopen: () async throws -> SQLStore
    ) async throws -> SQLStore {
        let first = Migrations(steps: migrations.steps.filter { $0.version <= version }, inspect: migrations.inspect)
        let made = try await first.run(on: database, name: "old")
        #expect(made.last == version)
        let old = SQLStore(database: database, clock: FixedClock())
        // As an older program left them: this one numbers people otherwise.
        for (who, number) in [(person("a"), Int64(1)), (person("b"), 4711)] {
            _ = try await database.write(
                """
                INSERT INTO identity (user_id, source, stable_id, source_name, username, created_at)
                VALUES ($1, $2, $3, $4, $5, 0)
                """,
                [
                    .integer(number), .integer(who.key.source.rawValue), .text(who.key.stableID), .text(who.sourceName),
                    .text(who.username),
                ]
            )
        }
        _ = try await database.write("UPDATE counter SET value = 1 WHERE name = 'user'", [])
        let ann = try await old.open(session(person("a")))
        let bob = try await old.open(session(person("b", mapped: 4711)))
        try await old.insert(account("lisa"))
        let accounts = try await old.accounts()
        let rotated = try await old.session(ann.id)
        _ = try await database.write(Self.tokenKey, [.bytes([1, 2, 3])])
        await old.close()

        let store = try await reopen()
        let schema = try await store.database.query("SELECT version FROM schema_version", []).first?.integer(0)
        #expect(schema == migrations.known && migrations.known > version)
        #expect(try await store.session(ann.id) == rotated)
        #expect(try await store.session(bob.id)?.userID == 4711)
        #expect(try await store.userID(of: person("a"), now: now) == ann.userID)
        #expect(try await store.accounts() == accounts)
        let key = try #require(try await store.keys().first)
        #expect(key.wrapped == [1, 2, 3] && key.tokenLifetime == .zero)
        // Numbers go on where they were, and what only the new schema has works.
        let next = try await store.open(session(person("c")))
        #expect(next.number > max(ann.number, bob.number))
        #expect(ann.userID == 1 && next.userID == 2)
        #expect(try await store.end(.session(ann.id), now: now) == 1)
        return store
    }

    @Test(arguments: older) func sqlite(_ version: Int64) async throws {
        let folder = try TemporaryDirectory("ldapauthd-storage")
        let old = folder.path(of: "old.db")
        let store = try await upgrade(
            SQLiteDatabase(path: old, readers: 1, logger: .silent),
            .sqlite,
            from: version
        ) { try await SQLStore.open(.sqlite(path: old), clock: FixedClock(), logger: .silent) }
        let fresh = try await SQLStore.open(
            .sqlite(path: folder.path(of: "new.db")),
            clock: FixedClock(),
            logger: .silent
        )
        let expected = try await columns(fresh.database, isSQLite: true)
        #expect(expected.count > 40)
        #expect(try await columns(store.database, isSQLite: true) == expected)
        await store.close()
        await fresh.close()
    }

    @Test(arguments: older) func postgreSQL(_ version: Int64) async throws {
        try await SharedPostgres.turn()
        defer { SharedPostgres.giveTurn() }
        let url = try await SharedPostgres.newURL()
        func open(_ url: String) async throws -> SQLStore {
            try await SQLStore.open(SharedPostgres.database(at: url), "test", FixedClock(), .silent)
        }
        let store = try await upgrade(SharedPostgres.database(at: url), .postgreSQL, from: version) {
            try await open(url)
        }
        let fresh = try await open(SharedPostgres.newURL())
        let expected = try await columns(fresh.database, isSQLite: false)
        #expect(expected.count > 40)
        #expect(try await columns(store.database, isSQLite: false) == expected)
        await store.close()
        await fresh.close()
    }
}
