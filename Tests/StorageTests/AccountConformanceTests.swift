import Authentication
import FoundationEssentials
import Storage
import Testing
import Tokens

@Suite("Local accounts, on every backend")
struct AccountConformanceTests {
    @Test("Kept whole, found by folded name and by id, listed in order", arguments: Backend.allCases)
    func keep(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let zoe = account("Zoe")
            var empty = LocalAccount(name: "amy", createdAt: now, passwordChangedAt: now)
            try await store.insert(zoe)
            try await store.insert(empty)
            #expect(try await store.account(foldedName: zoe.foldedName) == zoe)
            #expect(try await store.account(id: zoe.id) == zoe)
            #expect(try await store.accounts() == [empty, zoe])
            #expect(try await store.account(foldedName: "nobody") == nil)
            #expect(try await store.account(foldedName: "zoe\0") == nil)
            #expect(try await store.account(id: UUID()) == nil)
            empty.groups = ["new"]
            empty.lastName = "Pond"
            #expect(try await store.update(empty))
            #expect(try await store.account(id: empty.id) == empty)
            #expect(try await store.update(account("stranger")) == false)
            #expect(try await store.remove(id: empty.id))
            #expect(try await store.remove(id: empty.id) == false)
            #expect(try await store.accounts() == [zoe])
        }
    }

    @Test("Names are unique as they are compared", arguments: Backend.allCases)
    func unique(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            try await store.insert(account("Ann"))
            try await store.insert(account("bob"))
            await #expect(throws: StoreError(.conflict, "")) { try await store.insert(account("ANN")) }
            guard var bob = try await store.account(foldedName: "bob") else { return #expect(Bool(false)) }
            bob.name = "aNN"
            let renamed = bob
            await #expect(throws: StoreError(.conflict, "")) { _ = try await store.update(renamed) }
            #expect(try await store.accounts().map(\.name) == ["Ann", "bob"])
            // Its own name, spelt otherwise, is free.
            bob.name = "BOB"
            #expect(try await store.update(bob))
            #expect(try await store.account(foldedName: "bob")?.name == "BOB")
        }
    }

    @Test("A rehash does not undo a password set meanwhile, and ends no session", arguments: Backend.allCases)
    func rehash(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let ann = account("ann", hash: "old")
            try await store.insert(ann)
            let opened = try await store.open(session(person(ann.stableID, source: 0)))
            #expect(try await store.replaceHash(of: ann.id, "other", with: "new") == false)
            #expect(try await store.replaceHash(of: ann.id, "old", with: "new"))
            #expect(try await store.replaceHash(of: ann.id, "old", with: "newer") == false)
            #expect(try await store.replaceHash(of: UUID(), "new", with: "newer") == false)
            #expect(try await store.account(id: ann.id)?.passwordHash == "new")
            #expect(try await store.session(opened.id)?.isLive(at: now) == true)
        }
    }

    enum Change: CaseIterable, Sendable {
        case names, disable, password, remove
    }

    @Test("Disabling, removing and a new password end the sessions", arguments: Backend.allCases, Change.allCases)
    func endings(_ backend: Backend, _ change: Change) async throws {
        try await backend.withStore { (store) async throws in
            var ann = account("ann")
            try await store.insert(ann)
            let opened = try await store.open(session(person(ann.stableID, source: 0)))
            let stranger = try await store.open(session(person(ann.stableID, source: 1)))
            let number = try await store.changes(after: 0, now: now).number
            switch change {
            case .names:
                ann.lastName = "New"
                ann.groups = []
            case .disable: ann.isDisabled = true
            case .password:
                ann.passwordHash = "$argon2id$another"
                ann.passwordChangedAt = now + .seconds(1)
            case .remove: break
            }
            if change == .remove {
                #expect(try await store.remove(id: ann.id))
            } else {
                #expect(try await store.update(ann))
            }
            let isLive = try await store.session(opened.id)?.isLive(at: now)
            #expect(isLive == (change == .names))
            #expect(try await store.session(stranger.id)?.isLive(at: now) == true)
            let ended = try await store.changes(after: number, now: now).endedSessions.map(\.id)
            #expect(ended == (change == .names ? [] : [opened.id]))
        }
    }

    @Test("A removed account's userId is never given again", arguments: Backend.allCases)
    func userIDStaysTaken(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let ann = account("ann")
            try await store.insert(ann)
            #expect(try await store.open(session(person(ann.stableID, source: 0))).userID == 1)
            _ = try await store.remove(id: ann.id)
            let second = account("ann")
            try await store.insert(second)
            #expect(try await store.open(session(person(second.stableID, source: 0))).userID == 2)
        }
    }
}
