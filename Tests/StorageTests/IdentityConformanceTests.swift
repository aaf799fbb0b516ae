import Authentication
import Testing
import Tokens

@testable import Storage

@Suite("Numbers of people and sessions, on every backend")
struct IdentityConformanceTests {
    @Test("A person keeps the userId through logins and renames", arguments: Backend.allCases)
    func stable(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            #expect(try await store.open(session(person("a"))).userID == 1)
            #expect(try await store.open(session(person("b"))).userID == 2)
            #expect(try await store.open(session(person("a", source: 2))).userID == 3)
            var renamed = person("a")
            renamed.username = "married"
            renamed.locator = "uid=elsewhere"
            #expect(try await store.open(session(renamed)).userID == 1)
            #expect(try await store.open(session(person("c"))).userID == 4)
        }
    }

    @Test(
        "A number from the directory is taken, stepped over, and refused to a second person",
        arguments: Backend.allCases
    )
    func mapped(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            #expect(try await store.open(session(person("m1", mapped: 2))).userID == 2)
            #expect(try await store.open(session(person("m2", mapped: 3))).userID == 3)
            #expect(try await store.open(session(person("m3", mapped: 1000))).userID == 1000)
            #expect(try await store.open(session(person("a"))).userID == 1)
            #expect(try await store.open(session(person("b"))).userID == 4)
            #expect(try await store.open(session(person("c"))).userID == 5)
            let refused = session(person("thief", mapped: 4))
            await #expect(throws: StoreError(.conflict, "")) { _ = try await store.open(refused) }
            #expect(try await store.session(refused.id) == nil)
            #expect(try await store.open(session(person("thief"))).userID == 6)
            #expect(try await store.open(session(person("m1", mapped: 2))).userID == 2)
        }
    }

    @Test("A number from the directory replaces one given here, unless it is another's", arguments: Backend.allCases)
    func mappedLater(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            #expect(try await store.open(session(person("a"))).userID == 1)
            #expect(try await store.open(session(person("b"))).userID == 2)
            #expect(try await store.open(session(person("a", mapped: 77))).userID == 77)
            await #expect(throws: StoreError(.conflict, "")) {
                _ = try await store.open(session(person("a", mapped: 2)))
            }
            #expect(try await store.open(session(person("a"))).userID == 77)
            // Number 1 was somebody's once and is given to nobody else.
            #expect(try await store.open(session(person("c"))).userID == 3)
        }
    }

    @Test("A thousand logins at once: unique session numbers, stable people, none lost", arguments: Backend.allCases)
    func thousand(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let opened = try await withThrowingTaskGroup(of: Session.self) { group in
                for index in 0..<1000 {
                    group.addTask { try await store.open(session(person("p\(index % 50)"))) }
                }
                return try await group.reduce(into: [Session]()) { $0.append($1) }
            }
            #expect(Set(opened.map(\.number)) == Set(1...1000))
            // A sequence leaves gaps where two logins of somebody new met.
            #expect(Set(opened.map(\.userID)).count == 50)
            if Backend.sqlite.contains(backend) { #expect(Set(opened.map(\.userID)) == Set(1...50)) }
            let byPerson = Dictionary(grouping: opened, by: { $0.identity.key.stableID })
            #expect(byPerson.values.allSatisfy { Set($0.map(\.userID)).count == 1 })
            let statistics = store.statistics()
            if Backend.sqlite.contains(backend) {
                #expect(statistics.largestBatch > 1)
                #expect(statistics.batches < 1000)
            }
            #expect(statistics.batchSizes.reduce(0, +) == statistics.batches)
            #expect(statistics.waiting == 0)
            for one in opened { #expect(try await store.session(one.id) == one) }
        }
    }

    @Test("After 2147483647 the userIds go on at the lowest free one", arguments: Backend.allCases)
    func wrapOfPeople(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            func next(_ name: String, mapped: Int32? = nil) async throws -> Int32 {
                try await store.open(session(person(name, mapped: mapped))).userID
            }
            #expect(try await next("a") == 1)
            #expect(try await next("b", mapped: 2) == 2)
            try await store.database.transaction { (sql) async throws(StoreError) in
                _ = try await sql.query(
                    backend == .postgresql
                        ? "SELECT setval('user_number', 2147483646)"
                        : "UPDATE counter SET value = 2147483646 WHERE name = 'user'",
                    []
                )
            }
            #expect(try await next("c") == 2_147_483_647)
            #expect(try await next("d") == 3)
            #expect(try await next("e") == 4)
            #expect(try await next("a") == 1)
        }
    }

    @Test("After 2147483647 the numbers go on at the lowest free one", arguments: Backend.allCases)
    func wrap(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            func next(_ hard: Duration = .seconds(100)) async throws -> Int32 {
                try await store.open(session(person("a"), hard: hard)).number
            }
            #expect(try await next() == 1)
            #expect(try await next(.seconds(1)) == 2)
            #expect(try await next() == 3)
            try await store.database.transaction { (sql) async throws(StoreError) in
                _ = try await sql.query(
                    backend == .postgresql
                        ? "SELECT setval('session_number', 2147483646)"
                        : "UPDATE counter SET value = 2147483646 WHERE name = 'session'",
                    []
                )
            }
            #expect(try await next() == 2_147_483_647)
            #expect(try await next() == 4)
            #expect(try await next() == 5)
            #expect(try await store.purge(before: now + .seconds(2), limit: 10) == 1)
            #expect(try await next() == 2)
            #expect(try await next() == 6)
        }
    }
}
