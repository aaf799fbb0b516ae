import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// What a refresh asks, and the DN cache, at a real slapd.
@Suite struct RecheckTests {
    static let alice = "uid=alice,ou=people,dc=example,dc=org"

    static func rename(_ dn: String, to rdn: String, below superior: String? = nil) -> String {
        "dn: \(dn)\nchangetype: modrdn\nnewrdn: \(rdn)\ndeleteoldrdn: 1\n"
            + (superior.map { "newsuperior: \($0)\n" } ?? "") + "\n"
    }

    static func ended(_ result: RecheckResult) -> Rejection.Reason? {
        if case .ended(let rejection) = result { rejection.reason } else { nil }
    }

    @Test func bringsWhatChanged() async throws {
        let live = try LiveDirectory(await Slapd.start())
        let before = try await live.identity("alice", "alice-secret")
        try await live.slapd.modify(
            """
            dn: \(Self.alice)
            changetype: modify
            replace: sn
            sn: Married

            dn: cn=Füchse 🦊,ou=groups,dc=example,dc=org
            changetype: modify
            add: member
            member: \(Self.alice)

            """
        )
        guard case .current(let now) = await live.recheck(before) else {
            Issue.record("she is still there")
            return
        }
        #expect(now.key == before.key)
        #expect(now.lastName == "Married")
        #expect(now.groups.contains("Füchse 🦊"))
        await live.stop()
    }

    @Test func findsThoseWhoMovedByTheirID() async throws {
        let live = try LiveDirectory(await Slapd.start())
        let before = try await live.identity("alice", "alice-secret")
        try await live.slapd.modify(
            Self.rename(Self.alice, to: "uid=alicia", below: "ou=staff,ou=people,dc=example,dc=org")
        )
        guard case .current(let now) = await live.recheck(before) else {
            Issue.record("she is still there")
            return
        }
        #expect(now.key == before.key)
        #expect(now.username == "alicia")
        #expect(now.locator == "uid=alicia,ou=staff,ou=people,dc=example,dc=org")
        await live.stop()
    }

    @Test func endsForThoseWhoAreGone() async throws {
        let live = try LiveDirectory(await Slapd.start())
        let alice = try await live.identity("alice", "alice-secret")
        let bob = try await live.identity("bob", "bob-secret")
        let dave = try await live.identity("dave", "dave-secret")
        try await live.slapd.modify("dn: \(Self.alice)\nchangetype: delete\n\n")
        #expect(Self.ended(await live.recheck(alice)) == .unknownUser)
        // Out of the user base.
        try await live.slapd.modify(
            Self.rename("uid=bob,ou=people,dc=example,dc=org", to: "uid=bob", below: "ou=groups,dc=example,dc=org")
        )
        #expect(Self.ended(await live.recheck(bob)) == .unknownUser)
        // Somebody else has the DN now.
        try await live.slapd.modify(
            """
            dn: uid=dave,ou=staff,ou=people,dc=example,dc=org
            changetype: delete

            dn: uid=dave,ou=staff,ou=people,dc=example,dc=org
            changetype: add
            objectClass: inetOrgPerson
            uid: dave
            cn: Another Dave
            sn: Dave

            """
        )
        #expect(Self.ended(await live.recheck(dave)) == .unknownUser)
        await live.stop()
    }

    @Test func endsForThoseWhoWereLeftOutOfTheConfiguration() async throws {
        let slapd = try await Slapd.start()
        let before = try LiveDirectory(slapd)
        let after = try LiveDirectory(slapd) { $0.userBase = "ou=staff,ou=people,dc=example,dc=org" }
        let alice = try await before.identity("alice", "alice-secret")
        let dave = try await before.identity("dave", "dave-secret")
        #expect(Self.ended(await after.recheck(alice)) == .unknownUser)
        guard case .current = await after.recheck(dave) else {
            Issue.record("he is still in")
            return
        }
        await before.directory.shutdown()
        await after.stop()
    }

    @Test func endsForThoseWhoMatchTheFilterNoMore() async throws {
        let live = try LiveDirectory(await Slapd.start()) {
            $0.userFilter = "(&(objectClass=person)(uid={username})(mail=*))"
        }
        let alice = try await live.identity("alice", "alice-secret")
        try await live.slapd.modify("dn: \(Self.alice)\nchangetype: modify\ndelete: mail\n\n")
        #expect(Self.ended(await live.recheck(alice)) == .unknownUser)
        await live.stop()
    }

    @Test func aHiddenBaseIsNoAbsence() async throws {
        let slapd = try await Slapd.start()
        let live = try LiveDirectory(slapd)
        let alice = try await live.identity("alice", "alice-secret")
        // The whole tree goes: a search that fails says nothing about a person.
        try await slapd.modify(
            Self.rename("ou=people,dc=example,dc=org", to: "ou=former")
        )
        guard case .unavailable = await live.recheck(alice) else {
            Issue.record("a search without its base counted as absence")
            return
        }
        await live.stop()
    }

    @Test func theCacheSavesTheSearch() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.dnCache = .seconds(60) }
        func searches() -> Int { live.slapd.searchRequests(containing: "base=\"ou=people") }
        let first = try await live.identity("alice", "alice-secret")
        #expect(await eventually { searches() == 1 })
        let second = try await live.identity("alice", "alice-secret")
        #expect(first.key == second.key && first.groups == second.groups)
        try await Task.sleep(for: .milliseconds(100))
        #expect(searches() == 1)
        await live.stop()
    }

    @Test func aRenamedEntryIsLookedUpAfresh() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.dnCache = .seconds(60) }
        let before = try await live.identity("alice", "alice-secret")
        try await live.slapd.modify(
            Self.rename(Self.alice, to: "uid=alice", below: "ou=staff,ou=people,dc=example,dc=org")
        )
        let after = try await live.identity("alice", "alice-secret")
        #expect(after.key == before.key)
        let moved = "uid=alice,ou=staff,ou=people,dc=example,dc=org"
        #expect(after.locator == moved)
        // A wrong password for a moved entry counts once, where the entry is.
        try await live.slapd.modify(Self.rename(moved, to: "uid=alice", below: "ou=people,dc=example,dc=org"))
        let binds = live.slapd.bindRequests(dn: Self.alice)
        #expect(try await live.rejection("alice", "wrong").reason == .wrongPassword)
        #expect(await eventually { live.slapd.bindRequests(dn: Self.alice) == binds + 1 })
        await live.stop()
    }

    @Test func aRememberedEntryThatIsGoneIsNobody() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.dnCache = .seconds(60) }
        _ = try await live.identity("alice", "alice-secret")
        try await live.slapd.modify("dn: \(Self.alice)\nchangetype: delete\n\n")
        #expect(try await live.rejection("alice", "alice-secret").reason == .unknownUser)
        await live.stop()
    }

    @Test func aWrongPasswordOfARememberedPersonIsOneBind() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.dnCache = .seconds(60) }
        _ = try await live.identity("alice", "alice-secret")
        #expect(try await live.rejection("alice", "wrong").reason == .wrongPassword)
        #expect(await eventually { live.slapd.bindRequests(dn: Self.alice) == 2 })
        try await Task.sleep(for: .milliseconds(100))
        #expect(live.slapd.bindRequests(dn: Self.alice) == 2)
        await live.stop()
    }
}
