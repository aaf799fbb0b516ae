import Authentication
import FoundationEssentials
import PostgresClient
import Synchronization
import TestSupport
import Testing
import Tokens

@testable import Storage

@Suite("PostgreSQL, shared by several nodes")
struct PostgreSQLTests {
    /// Stores on one new schema, as nodes have them.
    private func withNodes(
        _ count: Int,
        settings: String = "",
        _ body: ([SQLStore]) async throws -> Void
    ) async throws {
        try await SharedPostgres.turn()
        defer { SharedPostgres.giveTurn() }
        let url = try await SharedPostgres.newURL(settings: settings)
        let nodes = try await withThrowingTaskGroup(of: SQLStore.self) { group in
            for _ in 0..<count {
                group.addTask {
                    try await SQLStore.open(
                        SharedPostgres.database(at: url, connections: 3),
                        "test",
                        FixedClock(),
                        .silent
                    )
                }
            }
            return try await group.reduce(into: [SQLStore]()) { $0.append($1) }
        }
        do {
            try await body(nodes)
        } catch {
            for node in nodes { await node.close() }
            throw error
        }
        for node in nodes { await node.close() }
    }

    @Test("Ten nodes start at once on an empty database: one makes the schema")
    func migrations() async throws {
        try await withNodes(10) { (nodes) async throws in
            #expect(nodes.count == 10)
            let rows = try await nodes[0].database.query("SELECT version FROM schema_version", [])
            #expect(rows == [SQLRow([.integer(Migrations.postgreSQL.known)])])
            #expect(try await nodes[9].open(session(person("a"))).number == 1)
        }
    }

    @Test("A step that does more than make tables is done once by ten nodes that start at once")
    func migrationLock() async throws {
        try await SharedPostgres.turn()
        defer { SharedPostgres.giveTurn() }
        let url = try await SharedPostgres.newURL()
        let first = Array(Migrations.postgreSQL.steps.prefix(1))
        let old = Migrations(steps: first, inspect: Migrations.postgreSQL.inspect)
        // Slow enough that all are at it at the same time.
        let counting = Migration(
            version: 99,
            statements: ["SELECT pg_sleep(0.3)", "UPDATE counter SET value = value + 1 WHERE name = 'user'"]
        )
        let new = Migrations(steps: first + [counting], inspect: Migrations.postgreSQL.inspect)
        let databases = try await withThrowingTaskGroup(of: PostgreSQLDatabase.self) { group in
            for _ in 0..<10 { group.addTask { try await SharedPostgres.database(at: url, connections: 2) } }
            return try await group.reduce(into: [PostgreSQLDatabase]()) { $0.append($1) }
        }
        _ = try await old.run(on: databases[0], name: "test")
        let ran = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for database in databases { group.addTask { try await new.run(on: database, name: "test") } }
            return try await group.reduce(into: [[Int64]]()) { $0.append($1) }
        }
        #expect(ran.filter { $0 == [99] }.count == 1)
        #expect(ran.filter { $0.isEmpty }.count == 9)
        let value = try await databases[0].query("SELECT value FROM counter WHERE name = 'user'", [])
        #expect(value == [SQLRow([.integer(1)])])
        for database in databases { await database.close() }
    }

    @Test("Logins on all nodes at once: unique numbers, one userId for each person, none lost")
    func logins() async throws {
        try await withNodes(4) { (nodes) async throws in
            let opened = try await withThrowingTaskGroup(of: Session.self) { group in
                for index in 0..<400 {
                    group.addTask { try await nodes[index % 4].open(session(person("p\(index / 8)"))) }
                }
                return try await group.reduce(into: [Session]()) { $0.append($1) }
            }
            #expect(Set(opened.map(\.number)).count == 400)
            let people = Dictionary(grouping: opened, by: { $0.identity.key.stableID })
            #expect(people.count == 50)
            #expect(people.values.allSatisfy { Set($0.map(\.userID)).count == 1 })
            #expect(Set(opened.map(\.userID)).count == 50)
            for one in opened { #expect(try await nodes[0].session(one.id) == one) }
        }
    }

    @Test(
        "First logins of people numbered by their directory, on all nodes at once: nobody is told the number is another's"
    )
    func mapped() async throws {
        try await withNodes(4) { (nodes) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<400 {
                    group.addTask {
                        let number = Int32(5_000 + index / 8)
                        let opened = try await nodes[index % 4].open(session(person("p\(number)", mapped: number)))
                        #expect(opened.userID == number)
                    }
                }
                try await group.waitForAll()
            }
            await #expect(throws: StoreError(.conflict, "")) {
                try await nodes[0].open(session(person("thief", mapped: 5_000)))
            }
        }
    }

    @Test("The same refresh token on all nodes at once: one generation")
    func rotation() async throws {
        try await withNodes(4) { (nodes) async throws in
            let opened = try await nodes[0].open(session(person("a")))
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<40 {
                    group.addTask {
                        let rotation = Rotation(
                            session: opened.id,
                            generation: 0,
                            now: now,
                            idleEnd: nil,
                            identity: nil
                        )
                        return try await nodes[index % 4].rotate(rotation) != nil
                    }
                }
                return try await group.reduce(into: 0) { if $1 { $0 += 1 } }
            }
            #expect(winners == 1)
            #expect(try await nodes[3].session(opened.id)?.generation == 1)
        }
    }

    @Test("Renamed, renumbered: what the one-statement login leaves to the long way is done")
    func longWay() async throws {
        try await withNodes(2) { (nodes) async throws in
            #expect(try await nodes[0].open(session(person("a"))).userID == 1)
            var renamed = person("a")
            renamed.username = "married"
            #expect(try await nodes[1].open(session(renamed)).userID == 1)
            let names = try await nodes[0].database.query("SELECT username FROM identity", [])
            #expect(names == [SQLRow([.text("married")])])
            #expect(try await nodes[0].open(session(person("a", mapped: 77))).userID == 77)
            #expect(try await nodes[1].open(session(person("a", mapped: 77))).userID == 77)
        }
    }

    @Test("Serialization failures are retried, the body runs again")
    func serialization() async throws {
        try await withNodes(3, settings: "-c default_transaction_isolation=serializable") { (nodes) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<30 {
                    group.addTask { try await nodes[index % 3].setNotBefore(.everyone, seconds: Int64(index)) }
                }
                try await group.waitForAll()
            }
            let changes = try await nodes[0].changes(after: 0, now: now)
            #expect(changes.number == 30)
            #expect(changes.notBefore.map(\.seconds) == [29])
        }
        try await withNodes(1) { (nodes) async throws in
            let runs = Mutex(0)
            let value = try await nodes[0].database.transaction { (sql) async throws(StoreError) in
                let run = runs.withLock { runs in
                    runs += 1
                    return runs
                }
                _ = try await sql.query("INSERT INTO setting (name, value) VALUES ('run', $1)", [.bytes([])])
                if run < 3 { _ = try await sql.query("DO $$BEGIN RAISE SQLSTATE '40001'; END$$", []) }
                return run
            }
            #expect(value == 3)
            await #expect(throws: StoreError(.unavailable, "")) {
                try await nodes[0].database.transaction { (sql) async throws(StoreError) in
                    runs.withLock { $0 += 1 }
                    _ = try await sql.query("DO $$BEGIN RAISE SQLSTATE '40001'; END$$", [])
                }
            }
            #expect(runs.withLock { $0 } == 15)
        }
    }

    @Test("A failure that a body hides undoes it all the same")
    func hidden() async throws {
        try await withNodes(1) { (nodes) async throws in
            await #expect(throws: StoreError(.conflict, "")) {
                try await nodes[0].database.transaction { (sql) async throws(StoreError) in
                    for _ in 0..<2 {
                        _ = try? await sql.query("INSERT INTO setting (name, value) VALUES ('x', $1)", [.bytes([])])
                    }
                }
            }
            #expect(try await nodes[0].database.query("SELECT name FROM setting WHERE name = 'x'", []).isEmpty)
        }
    }

    @Test("synchronous_commit = off is not taken over, local is; the program's name is told")
    func settings() async throws {
        for (given, used) in [("off", "on"), ("local", "local")] {
            try await withNodes(1, settings: "-c synchronous_commit=\(given)") { (nodes) async throws in
                let rows = try await nodes[0].database.query(
                    "SELECT current_setting('synchronous_commit'), current_setting('application_name')",
                    []
                )
                #expect(rows == [SQLRow([.text(used), .text("ldapauthd")])])
            }
        }
    }

    @Test("A newer schema, and tables of somebody else, are left alone")
    func refused() async throws {
        let newer = try await SharedPostgres.newURL()
        let url = try StorageURL(newer)
        let store = try await SQLStore.open(SharedPostgres.database(at: newer), "test", FixedClock(), .silent)
        _ = try await store.database.write("UPDATE schema_version SET version = 99", [])
        await store.close()
        #expect(await failure(url)?.detail.contains("schema 99") == true)
        let foreign = try await SharedPostgres.newURL()
        let database = try await SharedPostgres.database(at: foreign)
        _ = try await database.write("CREATE TABLE session (a int)", [])
        await database.close()
        #expect(await failure(try StorageURL(foreign))?.detail.contains("another program") == true)
        let server = try await SharedPostgres.server
        let wrong = try StorageURL("postgresql://tester:WRONG@127.0.0.1:\(server.port)/test")
        let error = await failure(wrong)
        #expect(error?.code == .unusable)
        #expect(error?.detail.contains("password") == true)
        #expect(error?.detail.contains("WRONG") == false)
    }

    private func failure(_ url: StorageURL) async -> StoreError? {
        do {
            let store = try await SQLStore.open(url, logger: .silent)
            await store.close()
            Issue.record("opened")
            return nil
        } catch {
            return error
        }
    }

    @Test("An outage is told within two seconds, everything recovers by itself, nothing answered is lost")
    func outage() async throws {
        var options = PostgresServer.Options()
        options.isDurable = true
        let server = try await PostgresServer.start(options)
        let store = try await SQLStore.open(
            StorageURL(server.url),
            serving: true,
            readers: 4,
            clock: FixedClock(),
            logger: .silent
        )
        let answered = Mutex<[Session]>([])
        let load = Task {
            while !Task.isCancelled {
                if let one = try? await store.open(session(person("a"))) { answered.withLock { $0.append(one) } }
            }
        }
        #expect(await eventually { answered.withLock { $0.count } > 20 })
        server.kill()
        load.cancel()
        _ = await load.value
        for _ in 0..<3 {
            let start = ContinuousClock.now
            await #expect(throws: StoreError(.unavailable, "")) { _ = try await store.open(session(person("b"))) }
            // 1.8 s are the rule; the rest is for a busy machine.
            #expect(start.duration(to: .now) < .seconds(3) + LostTime.since(start))
        }
        try await server.restart()
        #expect(await eventually { (try? await store.open(session(person("c")))) != nil })
        for one in answered.withLock({ $0 }) {
            #expect(await eventually { (try? await store.session(one.id)) == one })
        }
        await store.close()
    }
}
