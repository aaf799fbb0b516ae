import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// Logins at a real slapd by a DN made from the name.
@Suite struct TemplateLoginTests {
    static func template(_ settings: inout DirectorySettings, searches: Bool) {
        settings.bindDNTemplate = "uid={username},ou=people,dc=example,dc=org"
        if !searches {
            for index in settings.hosts.indices { settings.hosts[index].serviceIdentities = [] }
        }
    }

    @Test(arguments: [true, false]) func namesOfAllKindsFindTheirEntry(_ hasServiceAccount: Bool) async throws {
        let live = try LiveDirectory(await Slapd.start()) { Self.template(&$0, searches: hasServiceAccount) }
        for person in LiveDirectory.sample.people where person.rdn.hasPrefix("uid=") && person.container == "ou=people"
        {
            let identity = try await live.identity(person.uid, person.password)
            #expect(identity.username == person.uid)
            #expect(identity.lastName == person.surname)
            #expect(identity.groups == person.nestedGroups.sorted())
            #expect(try await live.rejection(person.uid, "wrong").reason == .wrongPassword)
        }
        #expect(live.slapd.searchRequests(containing: "uid=alice)") == 0)
        #expect(try await live.identity("ALICE", "alice-secret").username == "alice")
        for name in ["alice,ou=people", "alice+cn=x", "*", "nobody"] {
            #expect(try await live.rejection(name, "alice-secret").reason == .wrongPassword)
        }
        await live.stop()
    }

    @Test func withoutAServiceAccountNobodyElseBinds() async throws {
        var options = Slapd.Options()
        options.anonymousMayRead = false
        let live = try LiveDirectory(await Slapd.start(options)) { Self.template(&$0, searches: false) }
        let identity = try await live.identity("alice", "alice-secret")
        #expect(identity.groups == LiveDirectory.sample.person("alice")?.nestedGroups.sorted())
        #expect(!live.directory.hasSearchingIdentity)
        guard case .impossible = await live.recheck(identity) else {
            Issue.record("a re-check without anybody who may search")
            return
        }
        #expect(live.slapd.bindRequests() == live.slapd.bindRequests(dn: "uid=alice,ou=people,dc=example,dc=org"))
        await live.stop()
    }

    @Test func theNextPersonOnTheSameConnectionIsSomebodyElse() async throws {
        let live = try LiveDirectory(await Slapd.start()) { settings in
            Self.template(&settings, searches: false)
            settings.hosts[0].bindConnections = 1
        }
        for _ in 0..<3 {
            #expect(try await live.identity("alice", "alice-secret").username == "alice")
            #expect(try await live.rejection("bob", "wrong").reason == .wrongPassword)
            #expect(try await live.identity("bob", "bob-secret").username == "bob")
        }
        await live.stop()
    }

    @Test func aFilterOfOnesOwnStillCounts() async throws {
        let live = try LiveDirectory(await Slapd.start()) { settings in
            Self.template(&settings, searches: true)
            settings.userFilter = "(&(uid={username})(mail=*))"
        }
        _ = try await live.identity("alice", "alice-secret")
        let carol = try await live.rejection("carol", try #require(LiveDirectory.sample.person("carol")).password)
        #expect(carol.reason == .other)
        await live.stop()
    }
}
