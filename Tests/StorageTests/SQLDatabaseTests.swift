import Authentication
import FoundationEssentials
import Testing
import Tokens

@testable import Storage

@Suite("The boundary to SQL, on every backend")
struct SQLDatabaseTests {
    @Test("$2 before $1 binds by number", arguments: Backend.allCases)
    func numberedPlaceholders(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let rows = try await store.database.query("SELECT $2, $1, $2", [.text("one"), .text("two")])
            #expect(rows == [SQLRow([.text("two"), .text("one"), .text("two")])])
            let inside = try await store.database.transaction { (sql) async throws(StoreError) in
                try await sql.query("SELECT $3, $1, $2", [.integer(1 as Int64), .null, .bytes([0, 9])])
            }
            #expect(inside == [SQLRow([.bytes([0, 9]), .integer(1 as Int64), .null])])
        }
    }

    @Test("A writer that fails undoes nobody else in its batch", arguments: Backend.allCases)
    func savepoints(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let database = store.database
            let outcomes = await withTaskGroup(of: (Int, StoreError?).self) { group in
                for index in 0..<200 {
                    group.addTask {
                        do throws(StoreError) {
                            try await database.transaction { (sql) async throws(StoreError) in
                                _ = try await sql.query(
                                    "INSERT INTO setting (name, value) VALUES ($1, $2)",
                                    [.text("row\(index)"), .bytes([])]
                                )
                                if index % 3 == 0 { throw StoreError(.conflict, "on purpose") }
                                if index % 3 == 1 {
                                    _ = try await sql.query(
                                        "INSERT INTO setting (name, value) VALUES ($1, $2)",
                                        [.text("row\(index)"), .bytes([])]
                                    )
                                }
                            }
                            return (index, nil)
                        } catch {
                            return (index, error)
                        }
                    }
                }
                return await group.reduce(into: [Int: StoreError?]()) { $0[$1.0] = .some($1.1) }
            }
            let rows = try await database.query("SELECT name FROM setting WHERE name LIKE 'row%'", [])
            let kept = Set(try rows.map { try $0.text(0) })
            #expect(kept == Set((0..<200).filter { $0 % 3 == 2 }.map { "row\($0)" }))
            #expect(outcomes.filter { $0.value == nil }.count == kept.count)
            #expect(outcomes.values.allSatisfy { $0 == nil || $0?.code == .conflict })
            if Backend.sqlite.contains(backend) { #expect(store.statistics().largestBatch > 1) }
        }
    }

    @Test("The next transaction gathers writers only where several came together, and the disk is quick")
    func rest() {
        #expect(SQLiteWriter.rest(after: 1, took: .zero) == .zero)
        #expect(SQLiteWriter.rest(after: 3, took: .microseconds(100)) == .zero)
        #expect(SQLiteWriter.rest(after: 4, took: .microseconds(500)) == .microseconds(1500))
        #expect(SQLiteWriter.rest(after: 256, took: .microseconds(1999)) == .microseconds(1))
        #expect(SQLiteWriter.rest(after: 256, took: .milliseconds(2)) == .zero)
        #expect(SQLiteWriter.rest(after: 256, took: .seconds(30)) == .zero)
    }

    @Test("A wrong number of values is an error, and the store lives on", arguments: Backend.allCases)
    func wrongValues(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            await #expect(throws: StoreError.self) { _ = try await store.database.query("SELECT $1", []) }
            await #expect(throws: StoreError.self) { _ = try await store.database.query("NO SQL", []) }
            await #expect(throws: StoreError.self) { _ = try await store.database.query("SELECT $1", [.text("a\0")]) }
            let opened = try await store.open(session(person("a")))
            #expect(opened.number == 1)
        }
    }

    @Test("No error tells a value", arguments: Backend.allCases)
    func errorsKeepSecrets(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let first = try await store.open(session(person("a")))
            do {
                var second = session(person("a"), id: first.id)
                second.identity.credentialState = "SECRET-STATE"
                _ = try await store.open(second)
                Issue.record("opened twice")
            } catch {
                #expect(!"\(error)".contains("SECRET-STATE"))
                #expect(!"\(error)".contains(first.id.uuidString.lowercased()))
            }
        }
    }

    @Test("A closed store says so, and closing twice does no harm", arguments: Backend.allCases)
    func closed(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let one = try await store.open(session(person("a")))
            await store.close()
            await store.close()
            await #expect(throws: StoreError(.unavailable, "")) { _ = try await store.session(one.id) }
            await #expect(throws: StoreError(.unavailable, "")) { _ = try await store.open(session(person("b"))) }
        }
    }

    @Test("A full disk is an outage for the writer, not for the store", arguments: Backend.sqlite)
    func fullDisk(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let first = try await store.open(session(person("a")))
            try await store.database.transaction { (sql) async throws(StoreError) in
                let pages = try await sql.query("PRAGMA page_count", []).first?.integer(0) ?? 0
                _ = try await sql.query("PRAGMA max_page_count = \(pages + 1)", [])
            }
            var failure: StoreError?
            for _ in 0..<200 where failure == nil {
                do throws(StoreError) {
                    _ = try await store.open(session(person("b")))
                } catch {
                    failure = error
                }
            }
            #expect(failure?.code == .unavailable)
            #expect(failure?.detail.contains("full") == true)
            #expect(try await store.session(first.id) == first)
            try await store.database.transaction { (sql) async throws(StoreError) in
                _ = try await sql.query("PRAGMA max_page_count = 1000000", [])
            }
            _ = try await store.open(session(person("c")))
        }
    }

    @Test("A full queue refuses at once")
    func fullQueue() async throws {
        let queue = WriteQueue(limit: 2, batchLimit: 10)
        let outcomes = Outcomes()
        for index in 0..<4 {
            queue.add(
                PendingWrite(
                    run: { (_) async throws(StoreError) in },
                    finish: { outcomes.record(index, $0) }
                )
            )
        }
        #expect(outcomes.refused == [2, 3])
        #expect(queue.statistics().refused == 2)
        #expect(queue.statistics().waiting == 2)
        #expect(await queue.next()?.count == 2)
        queue.close()
        #expect(await queue.next() == nil)
    }
}
