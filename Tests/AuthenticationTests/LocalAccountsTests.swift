import Authentication
import FoundationEssentials
import Testing

@Suite struct LocalAccountsTests {
    @Test func theRightPasswordLetsIn() async throws {
        let fixture = try LocalFixture()
        let new = NewAccount(
            name: "Jürgen",
            firstName: "Jürgen",
            lastName: "Groß",
            email: "jg@corp.example",
            groups: ["b", "a", "b"]
        )
        let account = try await fixture.service.add(new, password: Password("geheim"))
        let identity = try #require(await fixture.login(" JU\u{308}RGEN ", "geheim").identity)
        #expect(identity.key.subject == "0:\(account.id.uuidString.lowercased())")
        #expect(identity.username == "Jürgen")
        #expect(identity.sourceName == "local")
        #expect(identity.firstName == "Jürgen")
        #expect(identity.lastName == "Groß")
        #expect(identity.displayName == "Jürgen Groß")
        #expect(identity.email == "jg@corp.example")
        #expect(identity.groups == ["a", "b"])
        #expect(identity.credentialState == "1790000000000")
        #expect(fixture.pool.finished == 2, "one hash to set it, one to verify it")
    }

    @Test(arguments: [
        ("alice", "falsch", Rejection.Reason.wrongPassword, false),
        ("nobody", "geheim", .unknownUser, false),
        ("disabled", "geheim", .disabled, true),
        ("disabled", "falsch", .wrongPassword, false),
        ("fresh", "geheim", .wrongPassword, false),
    ])
    func refusalsCostOneHashEach(
        _ name: String,
        _ password: String,
        _ reason: Rejection.Reason,
        _ proved: Bool
    ) async throws {
        let fixture = try LocalFixture()
        _ = try await fixture.service.add(NewAccount(name: "alice"), password: Password("geheim"))
        _ = try await fixture.service.add(NewAccount(name: "disabled"), password: Password("geheim"))
        _ = try await fixture.service.add(NewAccount(name: "fresh"), password: nil)
        _ = try await fixture.service.setDisabled(true, name: "disabled")
        let before = fixture.pool.finished
        let rejection = try #require(await fixture.login(name, password).rejection)
        #expect(rejection.reason == reason)
        #expect(rejection.passwordProved == proved)
        #expect(rejection.source == .local)
        #expect((rejection.key == nil) == (reason == .unknownUser))
        #expect(fixture.pool.finished == before + 1)
    }

    @Test func anEmptyPasswordIsNoWork() async throws {
        let fixture = try LocalFixture()
        fixture.store.fail(StoreError(.unavailable, "must not be asked"))
        #expect(await fixture.login("alice", "").rejection?.reason == .emptyPassword)
        #expect(fixture.pool.finished == 0)
    }

    @Test func outagesAreNoRefusals() async throws {
        let fixture = try LocalFixture(limit: 0)
        #expect(await fixture.login("alice", "geheim").outage?.sources == [.local])
        fixture.store.fail(StoreError(.unavailable, "disk full"))
        #expect(await fixture.login("alice", "geheim").outage?.detail == "local: disk full")
    }

    @Test func aHashOfOldParametersIsRenewedAtLogin() async throws {
        let old = try LocalFixture()
        let account = try await old.service.add(NewAccount(name: "alice"), password: Password("geheim"))
        let new = try LocalFixture(memory: 128 * 1024, iterations: 2)
        try await new.store.insert(account)
        #expect(await new.login("alice", "falsch").rejection != nil)
        #expect(try await new.store.account(id: account.id)?.passwordHash == account.passwordHash)
        #expect(await new.login("alice", "geheim").identity != nil)
        let renewed = try #require(try await new.store.account(id: account.id))
        #expect(renewed.passwordHash?.hasPrefix("$argon2id$v=19$m=128,t=2,p=1$") == true)
        #expect(renewed.passwordChangedAt == account.passwordChangedAt)
        #expect(await new.login("alice", "geheim").identity != nil)
        #expect(try await new.store.account(id: account.id) == renewed)
    }

    @Test func aPasswordSetMeanwhileOutlivesTheRenewalOfItsPredecessor() async throws {
        let old = try LocalFixture()
        let account = try await old.service.add(NewAccount(name: "alice"), password: Password("old"))
        let new = try LocalFixture(memory: 128 * 1024)
        try await new.store.insert(account)
        let hash = try await new.hasher.hash(Password("new"))
        new.store.afterLookup { [store = new.store] id in store.overwrite(id) { $0.passwordHash = hash } }
        #expect(await new.login("alice", "old").identity != nil, "it was right when it was looked up")
        #expect(await new.login("alice", "old").rejection?.reason == .wrongPassword)
        #expect(await new.login("alice", "new").identity != nil)
    }

    @Test func aRenewalThatFailsHurtsNobody() async throws {
        let old = try LocalFixture()
        let account = try await old.service.add(NewAccount(name: "alice"), password: Password("geheim"))
        let new = try LocalFixture(memory: 128 * 1024)
        try await new.store.insert(account)
        new.store.afterLookup { [store = new.store] _ in store.fail(StoreError(.unavailable, "disk full")) }
        #expect(await new.login("alice", "geheim").identity != nil)
    }

    @Test func recheckFollowsTheAccount() async throws {
        let fixture = try LocalFixture()
        let account = try await fixture.service.add(NewAccount(name: "alice"), password: Password("geheim"))
        let identity = try #require(await fixture.login("alice", "geheim").identity)
        func recheck() async -> RecheckResult {
            await fixture.source.recheck(
                identity.key,
                username: identity.username,
                locator: nil,
                credentialState: identity.credentialState,
                deadline: .now + .seconds(5)
            )
        }

        _ = try await fixture.service.change("alice", AccountChange(addedGroups: ["new"]))
        guard case .current(let current) = await recheck() else { Issue.record("not current"); return }
        #expect(current.groups == ["new"])

        _ = try await fixture.service.setDisabled(true, name: "alice")
        guard case .ended(let disabled) = await recheck() else { Issue.record("not ended"); return }
        #expect(disabled.reason == .disabled)

        _ = try await fixture.service.setDisabled(false, name: "alice")
        fixture.store.fail(StoreError(.unavailable, "locked"))
        guard case .unavailable = await recheck() else { Issue.record("not an outage"); return }
        fixture.store.fail(nil)

        // The clock stands still, and the password is even the same: it was set anew.
        _ = try await fixture.service.setPassword(Password("geheim"), name: "alice")
        guard case .passwordChanged = await recheck() else { Issue.record("change not seen"); return }

        #expect(try await fixture.store.remove(id: account.id))
        guard case .ended(let gone) = await recheck() else { Issue.record("not ended"); return }
        #expect(gone.reason == .unknownUser)
    }

    @Test(arguments: ["1:0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11", "0:not-a-uuid"])
    func recheckOfAStrangerEnds(_ subject: String) async throws {
        let key = try #require(IdentityKey(subject: subject))
        let source = try LocalFixture().source
        let result = await source.recheck(key, username: "x", locator: nil, credentialState: nil, deadline: .now)
        guard case .ended = result else { Issue.record("not ended"); return }
    }
}
