import Authentication
import Storage
import Testing
import Tokens

@Suite("Changes and keys, on every backend")
struct ChangeConformanceTests {
    private func key(_ id: String, _ phase: StoredKey.Phase, age: Int64 = 0) -> StoredKey {
        StoredKey(
            id: id,
            use: .sign,
            algorithm: "ES256",
            phase: phase,
            wrapped: [0, 1, 255, 0],
            createdAt: now - .seconds(age),
            activatedAt: phase == .next ? nil : now,
            retireAt: phase == .retired ? now + .seconds(60) : nil
        )
    }

    @Test(
        "Ended sessions are told once, and from the start while an access token may be alive",
        arguments: Backend.allCases
    )
    func ended(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let opened = try await store.open(session(person("a")))
            let idle = try await store.open(session(person("b"), idle: .seconds(1)))
            let start = try await store.changes(after: 0, now: now)
            #expect(start.endedSessions.isEmpty && start.notBefore.isEmpty && !start.keysChanged)
            _ = try await store.end(.session(opened.id), now: now)
            let told = try await store.changes(after: start.number, now: now)
            #expect(told.number > start.number)
            #expect(told.endedSessions.map(\.id) == [opened.id])
            #expect(told.endedSessions.map(\.until) == [opened.hardEnd])
            let nothing = try await store.changes(after: told.number, now: now)
            #expect(nothing.number == told.number && nothing.endedSessions.isEmpty)
            // Past its idle end, but an access token may outlive that in an outage.
            #expect(try await store.end(.session(idle.id), now: now + .seconds(2)) == 0)
            let later = try await store.changes(after: 0, now: now)
            #expect(Set(later.endedSessions.map(\.id)) == [opened.id, idle.id])
            #expect(try await store.changes(after: 0, now: opened.hardEnd).endedSessions.isEmpty)
        }
    }

    @Test("Not-befores are told, the latest counts and none goes back", arguments: Backend.allCases)
    func notBefore(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let scopes: [NotBeforeScope] = [.everyone, .client("web"), .identity(person("a").key)]
            var number: Int64 = 0
            for (index, scope) in scopes.enumerated() {
                #expect(try await store.setNotBefore(scope, seconds: 100 + Int64(index)) == 100 + Int64(index))
                let changes = try await store.changes(after: number, now: now)
                #expect(changes.notBefore.map(\.scope) == [scope])
                #expect(changes.notBefore.map(\.seconds) == [100 + Int64(index)])
                number = changes.number
            }
            #expect(try await store.setNotBefore(.everyone, seconds: 50) == 100)
            #expect(try await store.setNotBefore(.everyone, seconds: 200) == 200)
            #expect(try await store.changes(after: number, now: now).notBefore.map(\.seconds) == [200])
            #expect(try await store.changes(after: 0, now: now).notBefore.count == 3)
        }
    }

    @Test("Keys are kept whole, oldest first, and replaced only as expected", arguments: Backend.allCases)
    func keys(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let first = key("k1", .current, age: 10)
            let second = key("k2", .next)
            #expect(try await store.replaceKeys(expected: [], with: [second, first], removed: []))
            #expect(try await store.keys() == [first, second])
            let number = try await store.changes(after: 0, now: now).number
            #expect(try await store.replaceKeys(expected: [], with: [key("k3", .next)], removed: []) == false)
            #expect(try await store.replaceKeys(expected: [first], with: [], removed: ["k1"]) == false)
            var otherPhase = first
            otherPhase.phase = .retired
            #expect(try await store.replaceKeys(expected: [otherPhase, second], with: [], removed: []) == false)
            #expect(try await store.keys() == [first, second])
            #expect(try await store.changes(after: number, now: now).keysChanged == false)
            let retired = key("k1", .retired, age: 10)
            let promoted = key("k2", .current)
            #expect(
                try await store.replaceKeys(expected: [second, first], with: [retired, promoted], removed: [])
            )
            #expect(try await store.keys() == [retired, promoted])
            let changes = try await store.changes(after: number, now: now)
            #expect(changes.keysChanged)
            #expect(try await store.changes(after: changes.number, now: now).keysChanged == false)
            #expect(try await store.replaceKeys(expected: [retired, promoted], with: [], removed: ["k1"]))
            #expect(try await store.keys() == [promoted])
        }
    }

    @Test("Of many who make the first keys one succeeds", arguments: Backend.allCases)
    func firstKeys(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        try await store.replaceKeys(expected: [], with: [key("k\(index)", .current)], removed: [])
                    }
                }
                return try await group.reduce(into: 0) { if $1 { $0 += 1 } }
            }
            #expect(winners == 1)
            #expect(try await store.keys().count == 1)
        }
    }

    @Test("The master key's check value is the first one's", arguments: Backend.allCases)
    func masterKey(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            #expect(try await store.masterKeyCheck(orStore: [1, 2]) == [1, 2])
            #expect(try await store.masterKeyCheck(orStore: [3]) == [1, 2])
        }
    }
}
