import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// Groups at a real slapd.
@Suite struct GroupTests {
    @Test func directGroupsOnly() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.groups.nested = false }
        for uid in ["alice", "bob", "ada", "fox🦊"] {
            let person = try #require(LiveDirectory.sample.person(uid))
            #expect(try await live.identity(uid, person.password).groups == person.groups.sorted())
        }
        await live.stop()
    }

    @Test func severalMatchersAreAlternatives() async throws {
        let live = try LiveDirectory(await Slapd.start()) {
            $0.groups.filter = "(|(objectClass=groupOfNames)(objectClass=posixGroup))"
            $0.groups.match = ["dn:member", "uid:memberUid"]
        }
        let alice = try #require(LiveDirectory.sample.person("alice"))
        #expect(
            try await live.identity("alice", "alice-secret").groups
                == alice.nestedGroups.union(alice.unixGroups).sorted()
        )
        await live.stop()
    }

    @Test func memberUidAlone() async throws {
        let live = try LiveDirectory(await Slapd.start()) {
            $0.groups.filter = "(objectClass=posixGroup)"
            $0.groups.match = ["uid:memberUid"]
        }
        #expect(try await live.identity("bob", "bob-secret").groups == ["unix-admins"])
        let jurgen = try #require(LiveDirectory.sample.person("jürgen"))
        #expect(try await live.identity("jürgen", jurgen.password).groups == [])
        await live.stop()
    }

    @Test func noneAsksNothing() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.groups.mode = .none }
        #expect(try await live.identity("alice", "alice-secret").groups == [])
        #expect(live.slapd.searchRequests(containing: "ou=groups") == 0)
        await live.stop()
    }

    @Test func depthIsBounded() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.groups.maxDepth = 1 }
        // developers and "Comma, Group" name her; engineering is one level up, everyone two.
        #expect(
            try await live.identity("alice", "alice-secret").groups == ["Comma, Group", "developers", "engineering"]
        )
        await live.stop()
    }

    @Test func oneSearchALevelAndNoneForWhatIsRemembered() async throws {
        let live = try LiveDirectory(await Slapd.start())
        func searches() -> Int { live.slapd.searchRequests(containing: "ou=groups,dc=example,dc=org\" scope=2") }
        let alice = try await live.identity("alice", "alice-secret")
        #expect(alice.groups == LiveDirectory.sample.person("alice")?.nestedGroups.sorted())
        // Her own groups, their parents, engineering's, everyone's.
        #expect(await eventually { searches() == 4 })
        _ = try await live.identity("alice", "alice-secret")
        #expect(await eventually { searches() == 5 })
        // Ada shares one group with her: its parents were told apart from those of the other.
        let ada = try await live.identity("ada", "ada-secret")
        #expect(ada.groups == LiveDirectory.sample.person("ada")?.nestedGroups.sorted())
        #expect(await eventually { searches() == 6 })
        try await Task.sleep(for: .milliseconds(100))
        #expect(searches() == 6)
        await live.stop()
    }

    @Test func withoutACacheEveryLoginAsks() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.groups.cache = .zero }
        _ = try await live.identity("ada", "ada-secret")
        try await live.slapd.modify(
            """
            dn: cn=new,ou=groups,dc=example,dc=org
            objectClass: groupOfNames
            cn: new
            member: cn=everyone,ou=groups,dc=example,dc=org

            """
        )
        #expect(try await live.identity("ada", "ada-secret").groups.contains("new"))
        await live.stop()
    }

    @Test func aChangeOfDirectGroupsShowsAtTheNextLogin() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.dnCache = .seconds(60) }
        #expect(try await live.identity("dave", "dave-secret").groups == ["loop-a", "loop-b"])
        try await live.slapd.modify(
            """
            dn: cn=developers,ou=groups,dc=example,dc=org
            changetype: modify
            add: member
            member: uid=dave,ou=staff,ou=people,dc=example,dc=org

            """
        )
        #expect(
            try await live.identity("dave", "dave-secret").groups
                == ["developers", "engineering", "everyone", "loop-a", "loop-b"]
        )
        await live.stop()
    }

    @Test func manyGroupsComeInPages() async throws {
        var options = Slapd.Options()
        options.databaseLines = ["limits * size.soft=5000 size.hard=5000"]
        options.extraLDIF = (0..<1_200).map { number in
            """
            dn: cn=g\(number),ou=groups,dc=example,dc=org
            objectClass: groupOfNames
            cn: g\(number)
            member: uid=dave,ou=staff,ou=people,dc=example,dc=org


            """
        }.joined()
        let live = try LiveDirectory(await Slapd.start(options))
        let groups = try await live.identity("dave", "dave-secret").groups
        #expect(groups.count == 1_202)
        // The climb names 1202 children, a hundred a filter.
        let filters = live.slapd.searchRequests(containing: "ou=groups,dc=example,dc=org\" scope=2")
        #expect(filters >= 14)
        await live.stop()
    }

    @Test func memberOfWithHexEscapes() async throws {
        var options = Slapd.Options()
        options.memberOf = true
        let live = try LiveDirectory(await Slapd.start(options)) { $0.groups.mode = .memberOf }
        for uid in ["alice", "ada", "bob", "fox🦊", "dave"] {
            let person = try #require(LiveDirectory.sample.person(uid))
            #expect(try await live.identity(uid, person.password).groups == person.nestedGroups.sorted(), "\(uid)")
        }
        await live.stop()
    }

    @Test func memberOfWithoutTheNameInTheDN() async throws {
        var options = Slapd.Options()
        options.memberOf = true
        let live = try LiveDirectory(await Slapd.start(options)) {
            $0.groups.mode = .memberOf
            $0.groups.name = "description"
            $0.groups.nested = false
            $0.dnCache = .seconds(60)
        }
        try await live.slapd.modify(
            """
            dn: cn=developers,ou=groups,dc=example,dc=org
            changetype: modify
            add: description
            description: The developers

            """
        )
        #expect(try await live.identity("alice", "alice-secret").groups == ["The developers"])
        await live.stop()
    }

    @Test(arguments: [DirectoryGroups.Mode.search, .memberOf]) func groupsOutsideTheBaseAreDropped(
        _ mode: DirectoryGroups.Mode
    ) async throws {
        var options = Slapd.Options()
        options.memberOf = true
        let slapd = try await Slapd.start(options)
        try await slapd.modify(
            """
            dn: ou=apps,ou=groups,dc=example,dc=org
            objectClass: organizationalUnit
            ou: apps

            dn: cn=app-users,ou=apps,ou=groups,dc=example,dc=org
            objectClass: groupOfNames
            cn: app-users
            member: uid=alice,ou=people,dc=example,dc=org

            """
        )
        let live = try LiveDirectory(slapd) {
            $0.groups.mode = mode
            $0.groups.base = "OU=Apps, ou=groups,dc=example,dc=org"
        }
        #expect(try await live.identity("alice", "alice-secret").groups == ["app-users"])
        await live.stop()
    }
}
