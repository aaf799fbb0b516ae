import Authentication
import FoundationEssentials
import Storage
import Testing
import Tokens

@Suite("People and their sessions outside a grant, on every backend")
struct PeopleConformanceTests {
    @Test("The live sessions of one person, newest first", arguments: Backend.allCases)
    func list(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let first = try await store.open(session(person("a")))
            let second = try await store.open(
                session(person("a"), client: "login", kind: .login, at: now + .seconds(1))
            )
            let idle = try await store.open(session(person("a"), idle: .seconds(1)))
            let ended = try await store.open(session(person("a")))
            _ = try await store.open(session(person("b")))
            _ = try await store.open(session(person("a", source: 2)))
            _ = try await store.end(.session(ended.id), now: now)
            let key = person("a").key
            let later = now + .seconds(2)
            #expect(try await store.sessions(of: key, now: later, limit: 10) == [second, first])
            #expect(try await store.sessions(of: key, now: later, limit: 1) == [second])
            #expect(try await store.sessions(of: key, now: now, limit: 10).map(\.id) == [second.id, idle.id, first.id])
            #expect(try await store.sessions(of: person("nobody").key, now: now, limit: 10).isEmpty)
        }
    }

    @Test("A session by its number, ended ones included", arguments: Backend.allCases)
    func byNumber(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let opened = try await store.open(session(person("a")))
            #expect(try await store.session(number: opened.number) == opened)
            _ = try await store.end(.session(opened.id), now: now)
            #expect(try await store.session(number: opened.number)?.endedAt == now)
            #expect(try await store.session(number: opened.number + 1) == nil)
            #expect(try await store.session(number: -1) == nil)
        }
    }

    @Test("A person has one number, with a session or without", arguments: Backend.allCases)
    func userID(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let number = try await store.userID(of: person("a"), now: now)
            #expect(try await store.userID(of: person("a"), now: now) == number)
            #expect(try await store.open(session(person("a"))).userID == number)
            let opened = try await store.open(session(person("b")))
            #expect(opened.userID != number)
            #expect(try await store.userID(of: person("b"), now: now) == opened.userID)
            // A number from the directory holds over one given here, and is nobody else's.
            #expect(try await store.userID(of: person("a", mapped: 4711), now: now) == 4711)
            #expect(try await store.userID(of: person("a", mapped: 4711), now: now) == 4711)
            await #expect(throws: StoreError.self) { try await store.userID(of: person("c", mapped: 4711), now: now) }
        }
    }

    @Test("Whose sessions ended is told, and that local accounts changed", arguments: Backend.allCases)
    func changes(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let opened = try await store.open(session(person("a")))
            _ = try await store.open(session(person("b")))
            var number = try await store.changes(after: 0, now: now).number
            func next() async throws -> StoreChanges {
                let changes = try await store.changes(after: number, now: now)
                number = changes.number
                return changes
            }
            _ = try await store.end(.session(opened.id), now: now)
            var told = try await next()
            #expect(told.endedSessions.map(\.person) == [person("a").key])
            #expect(told.people.isEmpty)

            let lisa = account("lisa")
            let key = IdentityKey(source: .local, stableID: lisa.id.uuidString.lowercased())
            try await store.insert(lisa)
            _ = try await store.update(id: lisa.id) { $0.email = "new@example.com" }
            _ = try await store.replaceHash(of: lisa.id, "$argon2id$made-up", with: "$argon2id$renewed")
            _ = try await next()
            _ = try await store.update(id: lisa.id) { $0.passwordHash = "$argon2id$other" }
            told = try await next()
            #expect(told.people == [key] && !told.keysChanged)
            #expect(try await next().people.isEmpty, "told once")
            _ = try await store.update(id: lisa.id) { $0.isDisabled = true }
            #expect(try await next().people == [key])
            _ = try await store.remove(id: lisa.id)
            #expect(try await next().people == [key])
        }
    }
}
