import Authentication
import FoundationEssentials
import Storage
import Synchronization
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
            let changed = try await store.update(id: empty.id) { account in
                account.groups = ["new"]
                account.lastName = "Pond"
                account.id = UUID()
            }
            #expect(changed == empty, "the id stays, whatever is done to it")
            #expect(try await store.account(id: empty.id) == empty)
            #expect(try await store.update(id: UUID()) { $0.lastName = "Nobody" } == nil)
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
            let bob = try #require(try await store.account(foldedName: "bob")).id
            let error = await #expect(throws: StoreError(.conflict, "")) {
                _ = try await store.update(id: bob) { $0.name = "aNN" }
            }
            #expect(error?.detail.contains("\"aNN\"") == true)
            #expect(try await store.accounts().map(\.name) == ["Ann", "bob"])
            // Its own name, spelt otherwise, is free.
            #expect(try await store.update(id: bob) { $0.name = "BOB" }?.name == "BOB")
            #expect(try await store.account(foldedName: "bob")?.name == "BOB")
        }
    }

    @Test("Of many at once all are kept, or none", arguments: Backend.allCases)
    func together(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let many = (0..<600).map { account("p\($0)") }
            let told = Mutex<[Int]>([])
            try await store.insert(many, progress: { count in told.withLock { $0.append(count) } })
            #expect(told.withLock { $0 } == [256, 512])
            #expect(try await store.accounts().count == 600)
            let error = await #expect(throws: StoreError(.conflict, "")) {
                try await store.insert([account("new"), account("P7"), account("newer")], progress: { _ in })
            }
            #expect(error?.detail.contains("\"P7\"") == true)
            #expect(try await store.accounts().count == 600)
        }
    }

    @Test(
        "Of many changes at once none is lost, and a password or a disabling is not undone",
        arguments: Backend.allCases
    )
    func changesAtOnce(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            var ann = account("ann", hash: "old")
            ann.groups = []
            try await store.insert(ann)
            let id = ann.id
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 10..<60 {
                    group.addTask { _ = try await store.update(id: id) { $0.groups.append("g\(number)") } }
                }
                group.addTask {
                    _ = try await store.update(id: id) { account in
                        account.passwordHash = "new"
                        account.passwordChangedAt = now + .seconds(1)
                    }
                }
                group.addTask { _ = try await store.update(id: id) { $0.isDisabled = true } }
                try await group.waitForAll()
            }
            let kept = try #require(try await store.account(id: id))
            #expect(kept.groups.sorted() == (10..<60).map { "g\($0)" })
            #expect(kept.passwordHash == "new")
            #expect(kept.passwordChangedAt == now + .seconds(1))
            #expect(kept.isDisabled)
        }
    }

    @Test("Whether somebody local can log in", arguments: Backend.allCases)
    func usable(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            #expect(try await !store.hasUsableAccount())
            try await store.insert(account("no-password", hash: nil))
            var disabled = account("disabled")
            disabled.isDisabled = true
            try await store.insert(disabled)
            #expect(try await !store.hasUsableAccount())
            _ = try await store.update(id: disabled.id) { $0.isDisabled = false }
            #expect(try await store.hasUsableAccount())
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
            let ann = account("ann")
            try await store.insert(ann)
            let opened = try await store.open(session(person(ann.stableID, source: 0)))
            let stranger = try await store.open(session(person(ann.stableID, source: 1)))
            let number = try await store.changes(after: 0, now: now).number
            if change == .remove {
                #expect(try await store.remove(id: ann.id))
            } else {
                let changed = try await store.update(id: ann.id) { account in
                    switch change {
                    case .names:
                        account.lastName = "New"
                        account.groups = []
                    case .disable: account.isDisabled = true
                    case .password:
                        account.passwordHash = "$argon2id$another"
                        account.passwordChangedAt = now + .seconds(1)
                    case .remove: break
                    }
                }
                #expect(changed != nil)
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
