import Authentication
import Testing
import Tokens

@testable import Storage

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
            retireAt: phase == .retired ? now + .seconds(60) : nil,
            tokenLifetime: .seconds(300)
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
            #expect(told.endedSessions.map(\.person) == [opened.identity.key])
            #expect(told.people.isEmpty)
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
            func replace(_ expected: [StoredKey], _ keys: [StoredKey], _ removed: [String] = []) async throws -> KeySwap
            {
                try await store.replaceKeys(expected: expected, with: keys, removed: removed, masterKey: [7])
            }
            #expect(try await replace([], [second, first]) == .done)
            #expect(try await store.keys() == [first, second])
            let number = try await store.changes(after: 0, now: now).number
            #expect(try await replace([], [key("k3", .next)]) == .keysDiffer)
            #expect(try await replace([first], [], ["k1"]) == .keysDiffer)
            var otherPhase = first
            otherPhase.phase = .retired
            #expect(try await replace([otherPhase, second], []) == .keysDiffer)
            var otherLifetime = first
            otherLifetime.tokenLifetime = .seconds(301)
            #expect(try await replace([otherLifetime, second], []) == .keysDiffer)
            #expect(try await store.keys() == [first, second])
            #expect(try await store.changes(after: number, now: now).keysChanged == false)
            let retired = key("k1", .retired, age: 10)
            let promoted = key("k2", .current)
            #expect(try await replace([second, first], [retired, promoted]) == .done)
            #expect(try await store.keys() == [retired, promoted])
            let changes = try await store.changes(after: number, now: now)
            #expect(changes.keysChanged)
            #expect(try await store.changes(after: changes.number, now: now).keysChanged == false)
            #expect(try await replace([retired, promoted], [], ["k1"]) == .done)
            #expect(try await store.keys() == [promoted])
        }
    }

    @Test("Of many who make the first keys one succeeds", arguments: Backend.allCases)
    func firstKeys(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        let keys = [key("k\(index)", .current)]
                        return try await store.replaceKeys(expected: [], with: keys, removed: [], masterKey: [])
                            == .done
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

    @Test("Keys wrapped anew: all or none, by the master key that is in force", arguments: Backend.allCases)
    func rewrap(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let keys = [key("k1", .current, age: 10), key("k2", .next)]
            _ = try await store.masterKeyCheck(orStore: [1])
            #expect(try await store.replaceKeys(expected: [], with: keys, removed: [], masterKey: [1]) == .done)
            let number = try await store.changes(after: 0, now: now).number
            var wrapped = keys
            for index in wrapped.indices { wrapped[index].wrapped = [9, UInt8(index)] }
            #expect(try await store.rewrapKeys(wrapped, from: [2], to: [3]) == .masterKeyDiffers)
            #expect(try await store.rewrapKeys([wrapped[0]], from: [1], to: [2]) == .keysDiffer)
            #expect(try await store.keys() == keys)
            #expect(try await store.changes(after: number, now: now).keysChanged == false)
            // What another node did to the phases meanwhile stays.
            var promoted = keys
            promoted[1].phase = .current
            #expect(
                try await store.replaceKeys(expected: keys, with: [promoted[1]], removed: [], masterKey: [1]) == .done
            )
            #expect(try await store.rewrapKeys(wrapped, from: [1], to: [2]) == .done)
            #expect(try await store.keys().map(\.wrapped) == wrapped.map(\.wrapped))
            #expect(try await store.keys().map(\.phase) == promoted.map(\.phase))
            #expect(try await store.masterKeyCheck(orStore: [1]) == [2])
            #expect(try await store.changes(after: number, now: now).keysChanged)
            let late = try await store.replaceKeys(expected: promoted, with: [], removed: ["k1"], masterKey: [1])
            #expect(late == .masterKeyDiffers, "who still holds the old one writes nothing")
        }
    }

    @Test(
        "Who remembers people hears of changed accounts and of everybody whose sessions were ended",
        arguments: Backend.allCases
    )
    func people(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            try await store.insert(account("ann"))
            let ann = try #require(try await store.account(foldedName: "ann"))
            let key = IdentityKey(source: .local, stableID: ann.stableID)
            var number = try await store.changes(after: 0, now: now).number
            if number == 0 {
                _ = try await store.setNotBefore(.client("x"), seconds: 1)
                number = try await store.changes(after: 0, now: now).number
            }
            func news() async throws -> [IdentityKey] {
                let changes = try await store.changes(after: number, now: now)
                number = changes.number
                return changes.people
            }
            let acts: [@Sendable () async throws -> Void] = [
                { _ = try await store.update(id: ann.id) { $0.groups = ["other"] } },
                { _ = try await store.update(id: ann.id) { $0.isDisabled = true } },
                { _ = try await store.update(id: ann.id) { $0.isDisabled = false } },
                { _ = try await store.update(id: ann.id) { $0.passwordHash = "$argon2id$other" } },
                // Somebody without a session may still be remembered by a cache.
                { _ = try await store.end(.identity(key), now: now) },
                { _ = try await store.remove(id: ann.id) },
            ]
            for act in acts {
                try await act()
                #expect(try await news() == [key])
                #expect(try await news() == [])
            }
            _ = try await store.replaceHash(of: ann.id, "x", with: "y")
            #expect(try await news() == [])
            _ = try await store.end(.identity(person("a").key), now: now)
            #expect(try await news() == [person("a").key])
            #expect(try await store.changes(after: 0, now: now).people.isEmpty)
            try await store.forgetChanges(before: now + .seconds(1))
            #expect(try await store.changes(after: 1, now: now).people.isEmpty)
        }
    }
}
