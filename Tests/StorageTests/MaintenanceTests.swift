import Authentication
import FoundationEssentials
import Synchronization
import Testing
import Tokens

@testable import Storage

/// Removing old sessions beside people who log in.
@Suite("Maintenance")
struct MaintenanceTests {
    /// Puts `count` sessions into the store that ended two days ago.
    private func fill(_ store: SQLStore, _ backend: Backend, count: Int) async throws {
        let model = try await store.open(session(person("old"), at: now - .seconds(3 * 86_400)))
        let id =
            backend == .postgresql
            ? "gen_random_uuid()::text" : "lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(12)))"
        let columns = SessionRow.columns.split(separator: ",").map { $0.trimmingPrefix(" ") }
        let values = columns.map { column in
            switch column {
            case "id": id
            case "number": "n.i"
            default: "session.\(column)"
            }
        }
        let statement = """
            WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= \(count))
            INSERT INTO session (\(SessionRow.columns))
            SELECT \(values.joined(separator: ", ")) FROM n, session WHERE session.number = \(model.number)
            """
        try await store.database.transaction { (sql) async throws(StoreError) in _ = try await sql.query(statement, [])
        }
        let raise =
            backend == .postgresql
            ? "SELECT setval('session_number', \(count + 10))"
            : "UPDATE counter SET value = \(count + 10) WHERE name = 'session'"
        try await store.database.transaction { (sql) async throws(StoreError) in _ = try await sql.query(raise, []) }
    }

    private func count(_ store: SQLStore) async throws -> Int64 {
        try await store.database.query("SELECT COUNT(*) FROM session", []).first?.integer(0) ?? -1
    }

    @Test(
        "Logins do not wait for it: a hundred thousands of old sessions go in batches of a few milliseconds",
        arguments: [(Backend.file, 200_000), (.postgresql, 20_000)]
    )
    func beside(_ row: (Backend, Int)) async throws {
        let (backend, amount) = row
        try await backend.withStore { (store) async throws in
            try await fill(store, backend, count: amount)
            #expect(try await count(store) == Int64(amount) + 1)
            let filled = store.statistics()
            let maintenance = StoreMaintenance(store: store, clock: FixedClock(), logger: .silent)
            let running = Task {
                var size = BatchSize(limit: 500)
                return try await maintenance.purge(&size)
            }
            let begun = ContinuousClock.now
            var waits: [Duration] = []
            var kept: [UUID] = []
            var isDone = false
            while !isDone, begun.duration(to: .now) < .seconds(240) {
                isDone = try await count(store) == Int64(kept.count)
                let start = ContinuousClock.now
                kept.append(try await store.open(session(person("p\(kept.count % 16)"))).id)
                waits.append(start.duration(to: .now))
                try await Task.sleep(for: .milliseconds(20))
            }
            let (removed, longest) = try await running.value
            #expect(removed == amount + 1)
            #expect(try await count(store) == Int64(kept.count))
            for id in kept { #expect(try await store.session(id) != nil) }
            let took = begun.duration(to: .now)
            waits.sort()
            let batches = store.statistics().batches - filled.batches
            print(
                "\(backend): \(amount) old sessions removed in \(took), \(batches) transactions, the longest hold of the writer "
                    + "\(longest); \(waits.count) logins meanwhile: "
                    + "median \(waits[waits.count / 2]), 99 % \(waits[waits.count * 99 / 100]), longest \(waits.last ?? .zero)"
            )
            // Generous, for a busy machine: in one transaction it takes seconds.
            #expect(waits[waits.count * 9 / 10] < .seconds(1))
        }
    }

    @Test("Batches grow while they are quick, shrink when they are slow, and stay within the limit")
    func batchSize() {
        var size = BatchSize(limit: 500)
        #expect(size.rows == 64)
        for _ in 0..<10 { size.adapt(.milliseconds(1)) }
        #expect(size.rows == 500)
        size.adapt(.milliseconds(12))
        #expect(size.rows == 500)
        for _ in 0..<20 { size.adapt(.milliseconds(100)) }
        #expect(size.rows == BatchSize.least)
        #expect(BatchSize(limit: 2).rows == 2)
    }

    @Test("Several nodes at once remove each session once and disturb nobody")
    func nodes() async throws {
        try await Backend.postgresql.withStore { (store) async throws in
            try await fill(store, .postgresql, count: 3000)
            let removed = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var total = 0
                        while true {
                            let count = try await store.purge(before: now - .seconds(86_400), limit: 100)
                            total += count
                            if count == 0 { return total }
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(removed == 3001)
            #expect(try await count(store) == 0)
        }
    }

    @Test("A clock set forward removes nothing before it has held for an hour", arguments: [Backend.file])
    func clockAhead(_ backend: Backend) async throws {
        /// Right at the first look, two days ahead afterwards.
        final class Jumping: WallClock {
            private let looks = Mutex(0)

            func now() -> Timestamp {
                looks.withLock { looks in
                    looks += 1
                    return looks == 1 ? StorageTests.now : StorageTests.now + .seconds(2 * 86_400)
                }
            }

            var count: Int { looks.withLock { $0 } }
        }
        try await backend.withStore { (store) async throws in
            let opened = try await store.open(session(person("a")))
            let clock = Jumping()
            let maintenance = StoreMaintenance(store: store, clock: clock, logger: .silent, pause: .milliseconds(2))
            let running = Task { await maintenance.run() }
            while clock.count < 20 { try await Task.sleep(for: .milliseconds(5)) }
            running.cancel()
            await running.value
            #expect(try await store.session(opened.id) != nil)
        }
    }

    @Test("A number is given again only once its session is gone, also beside maintenance", arguments: Backend.allCases)
    func numbers(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            var live: Set<Int32> = []
            for index in 0..<60 {
                let isOld = index % 3 == 0
                let start = isOld ? now - .seconds(3 * 86_400) : now
                let opened = try await store.open(session(person("a"), at: start))
                if !isOld { live.insert(opened.number) }
            }
            try await store.database.transaction { (sql) async throws(StoreError) in
                let statement =
                    backend == .postgresql
                    ? "SELECT setval('session_number', 2147483647)"
                    : "UPDATE counter SET value = 2147483647 WHERE name = 'session'"
                _ = try await sql.query(statement, [])
            }
            let purging = Task {
                while try await store.purge(before: now - .seconds(86_400), limit: 2) > 0 { await Task.yield() }
            }
            try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<40 { group.addTask { try await store.open(session(person("b"))).number } }
                for try await number in group { #expect(live.insert(number).inserted, "\(number) was taken") }
            }
            try await purging.value
            #expect(live.count == 80)
            #expect(try await count(store) == 80)
        }
    }
}
