import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// The four ways to find groups in an Active Directory, on a real one: they agree, but for what they cannot see.
@Suite struct GroupModeTests {
    static let modes: [DirectoryGroups.Mode] = [.search, .memberOf, .inChain, .tokenGroups]

    /// People and groups as they are in companies: nested, in loops, in several containers, with names of all kinds.
    struct World: Sendable {
        let samba: SambaServer
        /// The base of groups.
        let base: String
        let special = ##"m-top, (x)* \ "#+";<=>" zoë 🦊"##

        static let shared = Task { try await World.make() }

        static func make() async throws -> World {
            let samba = try await SambaServer.shared()
            let base = try await samba.addOrganizationalUnit("Modes")
            let elsewhere = try await samba.addOrganizationalUnit("Elsewhere, too")
            let inner = "OU=Inner,\(base)"
            try await samba.modify("dn: \(inner)\nobjectClass: organizationalUnit\n\n")
            let world = World(samba: samba, base: base)
            for name in ["m-alice", "m-bob", "m-carol", "m-zoë (x) #1"] {
                try await samba.addUser(name, password: "right-secret")
            }
            let (alice, bob) = (samba.dn(of: "m-alice"), samba.dn(of: "m-bob"))
            let direct = try await samba.addGroup("m-direct", in: base, members: [alice])
            let middle = try await samba.addGroup(
                "m-middle",
                in: inner,
                members: [direct, bob, samba.dn(of: "m-zoë (x) #1")]
            )
            try await samba.addGroup(world.special, in: base, members: [middle], accountName: "m-top")
            let loop = try await samba.addGroup("m-loop-a", in: base, members: [alice])
            let back = try await samba.addGroup("m-loop-b", in: base, members: [loop])
            try await samba.modify("dn: \(loop)\nchangetype: modify\nadd: member\nmember: \(back)\n\n")
            // A list of mail addresses; a group outside the base, and one above it inside.
            try await samba.addGroup("m-list", in: base, members: [alice], type: .distribution)
            let outside = try await samba.addGroup("m-outside", in: elsewhere, members: [alice])
            try await samba.addGroup("m-above", in: base, members: [outside])
            // Everybody's primary group lists nobody.
            try await samba.addGroup(
                "m-everyone",
                in: base,
                members: ["CN=Domain Users,CN=Users,\(samba.suffix)"],
                type: .domainLocal
            )
            let staff = try await samba.addGroup("m-staff", in: inner)
            try await samba.addGroup("m-company", in: base, members: [staff])
            try await samba.setPrimaryGroup(of: "m-carol", to: staff)
            return world
        }

        func directory(_ mode: DirectoryGroups.Mode, _ change: (inout DirectorySettings) -> Void = { _ in }) throws
            -> CorporateDirectory
        {
            try CorporateDirectory(samba) { settings in
                settings.groups.mode = mode
                settings.groups.base = base
                change(&settings)
            }
        }
    }

    @Test(arguments: modes) func theGroupsOfEverybody(_ mode: DirectoryGroups.Mode) async throws {
        let world = try await World.shared.value
        let live = try world.directory(mode)
        // What climbs at the server goes through groups that we do not look at; token-groups knows security groups only.
        let climbsThere = mode == .inChain || mode == .tokenGroups
        var alice: Set = ["m-direct", "m-middle", world.special, "m-loop-a", "m-loop-b", "m-everyone"]
        if climbsThere { alice.insert("m-above") }
        if mode != .tokenGroups { alice.insert("m-list") }
        let wanted: [(String, Set<String>)] = [
            ("m-alice", alice), ("m-bob", ["m-middle", world.special, "m-everyone"]),
            ("m-zoë (x) #1", ["m-middle", world.special, "m-everyone"]),
            // Domain Users has her as a member since it is not her primary group.
            ("m-carol", Set(["m-staff", "m-company"]).union(climbsThere ? ["m-everyone"] : [])),
        ]
        // Twice: from the server, and from what is remembered.
        for _ in 0..<2 {
            for (name, groups) in wanted {
                #expect(try await live.identity(name, "right-secret").groups == groups.sorted(), "\(mode) \(name)")
            }
        }
        let identity = try await live.identity("m-bob", "right-secret")
        guard case .current(let again) = await live.recheck(identity) else {
            Issue.record("m-bob cannot be looked at again")
            return
        }
        #expect(again.groups == identity.groups)
        await live.directory.shutdown()
    }

    /// The base bounds what is told, compared as parsed; builtin groups lie inside that of the whole domain.
    @Test(arguments: modes) func theBaseBoundsWhatIsTold(_ mode: DirectoryGroups.Mode) async throws {
        let world = try await World.shared.value
        let inner = try world.directory(mode) { $0.groups.base = "ou=INNER, \(world.base.lowercased())" }
        #expect(try await inner.identity("m-bob", "right-secret").groups == ["m-middle"])
        #expect(try await inner.identity("m-carol", "right-secret").groups == ["m-staff"])
        await inner.directory.shutdown()
        let whole = try world.directory(mode) { $0.groups.base = world.samba.suffix }
        let groups = Set(try await whole.identity("m-alice", "right-secret").groups)
        #expect(groups.isSuperset(of: ["Domain Users", "Users", "m-outside", "m-above", "m-everyone", "m-direct"]))
        await whole.directory.shutdown()
    }

    @Test(arguments: [DirectoryGroups.Mode.search, .memberOf]) func directGroupsAlone(_ mode: DirectoryGroups.Mode)
        async throws
    {
        let world = try await World.shared.value
        let live = try world.directory(mode) { $0.groups.nested = false }
        #expect(try await live.identity("m-alice", "right-secret").groups == ["m-direct", "m-list", "m-loop-a"])
        #expect(try await live.identity("m-carol", "right-secret").groups == ["m-staff"])
        await live.directory.shutdown()
    }

    @Test(arguments: modes) func theGroupFilterCounts(_ mode: DirectoryGroups.Mode) async throws {
        let world = try await World.shared.value
        let live = try world.directory(mode) { $0.groups.filter = "(&(objectClass=group)(!(cn=m-mid*)))" }
        let groups = try await live.identity("m-bob", "right-secret").groups
        #expect(!groups.contains("m-middle"))
        // Whoever climbs at the server climbs through groups that the filter leaves out.
        #expect(groups.contains(world.special) == (mode == .inChain || mode == .tokenGroups))
        let direct = try world.directory(mode == .search ? .search : .memberOf) {
            $0.groups.filter = "(&(objectClass=group)(!(cn=m-mid*)))"
            $0.groups.nested = false
        }
        // Without groups of groups `memberOf` is taken from the entry as it is.
        #expect(try await direct.identity("m-bob", "right-secret").groups == (mode == .search ? [] : ["m-middle"]))
        await direct.directory.shutdown()
        await live.directory.shutdown()
    }

    @Test func checkTellsOfGroupsInEveryMode() async throws {
        let world = try await World.shared.value
        for mode in Self.modes {
            let live = try world.directory(mode)
            let steps = await DirectoryProbe(live.directory).run(username: "m-bob", deadline: .now + .seconds(30))
            let step = try #require(steps.first { $0.name == .groups })
            #expect(step.verdict == .passed && step.message.contains("m-middle"), "\(mode): \(step)")
            await live.directory.shutdown()
        }
    }

    /// More groups than a page, a filter and Microsoft's servers hold.
    @Test(.timeLimit(.minutes(15))) func veryManyGroups() async throws {
        let samba = try await SambaServer.start()
        try await samba.addUser("m-many", password: "right-secret")
        try await samba.addGroups(1_200, prefix: "m", in: samba.groupsBase, member: samba.dn(of: "m-many"))
        for mode in Self.modes {
            let live = try CorporateDirectory(samba) { $0.groups.mode = mode }
            let groups = try await live.identity("m-many", "right-secret").groups
            #expect(groups == (0..<1_200).map { "m\($0)" }.sorted(), "\(mode): \(groups.count)")
            await live.directory.shutdown()
        }
        await samba.stop()
    }
}
