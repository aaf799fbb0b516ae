import Authentication
import LDAPClient
import Testing

@testable import DirectoryAuth

/// What is sent to find groups in an Active Directory, by mode; what comes back of a real one is in
/// CorporateDirectoryTests.
@Suite struct ActiveDirectoryGroupTests {
    /// S-1-5-21-1-2-3-<relative>
    static func sid(_ relative: UInt32) -> [UInt8] {
        [1, 5, 0, 0, 0, 0, 0, 5]
            + [21, 1, 2, 3, relative].flatMap { part in
                [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: part >> $0) }
            }
    }

    static let builtinUsers: [UInt8] = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x21, 2, 0, 0]

    static func entry(_ dn: String, _ attributes: [(String, [[UInt8]])]) -> LDAPEntry {
        LDAPEntry(dn: dn, attributes: attributes.map { (name: $0.0, values: $0.1) })
    }

    static func group(_ name: String, _ relative: UInt32, in place: String = "OU=Groups", memberOf: [String] = [])
        -> LDAPEntry
    {
        entry(
            "CN=\(name),\(place),DC=x",
            [("cn", [Array(name.utf8)]), ("objectSid", [sid(relative)]), ("memberOf", memberOf.map { Array($0.utf8) })]
        )
    }

    static let alice = entry(
        "CN=alice,OU=People,DC=x",
        [
            ("objectGUID", [Array(0..<16)]), ("sAMAccountName", [Array("alice".utf8)]), ("objectSid", [sid(1100)]),
            ("primaryGroupID", [Array("513".utf8)]), ("memberOf", [Array("CN=direct,OU=Groups,DC=x".utf8)]),
        ]
    )

    static func directory(
        _ mode: DirectoryGroups.Mode,
        _ answers: [ScriptedHost.Answer],
        _ change: (inout DirectoryGroups) -> Void = { _ in }
    ) throws -> (Directory, ScriptedHost) {
        let host = ScriptedHost("dc1", searches: answers)
        return (
            try OneBindRuleTests.directory([host]) { settings in
                settings.kind = .activeDirectory
                settings.attributes = settings.kind.defaults.attributes
                settings.groups = settings.kind.defaults.groups
                settings.groups.mode = mode
                settings.groups.base = "OU=Groups,DC=x"
                change(&settings.groups)
            }, host
        )
    }

    static func groups(_ directory: Directory) async -> [String]? {
        guard case .authenticated(let identity) = await OneBindRuleTests.login(directory) else { return nil }
        return identity.groups
    }

    static func filters(_ host: ScriptedHost) -> [String] { host.requests.map { "\($0.base) \($0.filter)" } }

    static let everybody = "<SID=S-1-5-21-1-2-3-513> (objectClass=group)"

    @Test func eachModeSendsItsOwnSearches() async throws {
        let everyone = Self.group("everyone", 513, in: "CN=Users", memberOf: ["CN=Users,CN=Builtin,DC=x"])
        let direct = Self.group("direct", 1200, memberOf: ["CN=above,OU=Groups,DC=x"])
        let above = Self.group("above", 1201)
        let (search, searched) = try Self.directory(
            .search,
            [.entries([Self.alice]), .entries([direct]), .entries([everyone]), .entries([above])]
        )
        #expect(await Self.groups(search) == ["above", "direct"])
        let climb = "OU=Groups,DC=x (&(objectClass=group)(distinguishedName=CN=above,OU=Groups,DC=x))"
        #expect(
            Self.filters(searched).dropFirst() == [
                "OU=Groups,DC=x (&(objectClass=group)(member=CN=alice,OU=People,DC=x))", Self.everybody, climb,
            ]
        )
        let (memberOf, listed) = try Self.directory(
            .memberOf,
            [.entries([Self.alice]), .entries([direct]), .entries([everyone]), .entries([above])]
        )
        #expect(await Self.groups(memberOf) == ["above", "direct"])
        #expect(listed.requests.first?.attributes.contains("memberOf") == true)
        #expect(
            Self.filters(listed).dropFirst() == [
                "OU=Groups,DC=x (&(objectClass=group)(distinguishedName=CN=direct,OU=Groups,DC=x))", Self.everybody,
                climb,
            ]
        )
        let (chain, chained) = try Self.directory(
            .inChain,
            [.entries([Self.alice]), .entries([everyone]), .entries([direct])]
        )
        #expect(await Self.groups(chain) == ["direct"])
        let rule = "member:1.2.840.113556.1.4.1941:="
        #expect(
            Self.filters(chained).dropFirst() == [
                Self.everybody,
                "OU=Groups,DC=x (&(objectClass=group)(|(\(rule)CN=alice,OU=People,DC=x)(\(rule)CN=everyone,CN=Users,DC=x)))",
            ]
        )
        let tokens = Self.entry(Self.alice.dn, [("tokenGroups", [Self.sid(1200), Self.sid(513), Self.builtinUsers])])
        let (token, asked) = try Self.directory(
            .tokenGroups,
            [.entries([Self.alice]), .entries([tokens]), .entries([direct])]
        )
        #expect(await Self.groups(token) == ["direct"])
        #expect(asked.requests[1].scope == .base && asked.requests[1].attributes == ["tokenGroups"])
        #expect(asked.requests[1].base == Self.alice.dn)
        #expect(Self.filters(asked).last?.hasPrefix("OU=Groups,DC=x (&(objectClass=group)(|(objectSid=") == true)
        // Who has tokenGroups needs no primary group.
        #expect(asked.requests[0].attributes.contains("primaryGroupID") == false)
    }

    @Test func identifiersAreRememberedThoseOfNobodyToo() async throws {
        let tokens = Self.entry(Self.alice.dn, [("tokenGroups", [Self.sid(1200), Self.sid(513), Self.builtinUsers])])
        let more = Self.entry(Self.alice.dn, [("tokenGroups", [Self.sid(513), Self.sid(1200), Self.sid(1201)])])
        let (directory, host) = try Self.directory(
            .tokenGroups,
            [.entries([Self.alice]), .entries([tokens]), .entries([Self.group("direct", 1200)])]
                + [.entries([Self.alice]), .entries([tokens])]
                + [.entries([Self.alice]), .entries([more]), .entries([Self.group("new", 1201)])]
        )
        #expect(await Self.groups(directory) == ["direct"])
        #expect(await Self.groups(directory) == ["direct"])
        #expect(host.requests.count == 5)
        #expect(await Self.groups(directory) == ["direct", "new"])
        let last = try #require(host.requests.last).filter
        #expect(
            last
                == .and([
                    .equal(attribute: "objectClass", value: Array("group".utf8)),
                    .equal(attribute: "objectSid", value: Self.sid(1201)),
                ])
        )
    }

    @Test func withoutACacheEveryLoginAsks() async throws {
        let tokens = Self.entry(Self.alice.dn, [("tokenGroups", [Self.sid(1200)])])
        let once: [ScriptedHost.Answer] = [
            .entries([Self.alice]), .entries([tokens]), .entries([Self.group("direct", 1200)]),
        ]
        let (directory, host) = try Self.directory(.tokenGroups, once + once) { $0.cache = .zero }
        for _ in 0..<2 { #expect(await Self.groups(directory) == ["direct"]) }
        #expect(host.requests.count == 6)
    }

    @Test func manyIdentifiersAreNamedAHundredAtATime() async throws {
        let identifiers = (0..<250).map { Self.sid(2000 + UInt32($0)) }
        let tokens = Self.entry(Self.alice.dn, [("tokenGroups", identifiers)])
        let (directory, host) = try Self.directory(
            .tokenGroups,
            [.entries([Self.alice]), .entries([tokens]), .entries([Self.group("a", 2000)]), .entries([]), .entries([])]
        )
        #expect(await Self.groups(directory) == ["a"])
        #expect(host.requests.count == 5)
    }

    /// No groups would be a wrong answer that nobody notices.
    @Test(arguments: [[], [("tokenGroups", [[1, 2, 3]])]] as [[(String, [[UInt8]])]])
    func aListThatIsWithheldIsAnOutage(_ attributes: [(String, [[UInt8]])]) async throws {
        let (directory, _) = try Self.directory(
            .tokenGroups,
            [.entries([Self.alice]), .entries([Self.entry(Self.alice.dn, attributes)])]
        )
        guard case .unavailable(let outage) = await OneBindRuleTests.login(directory) else {
            Issue.record("let in without groups")
            return
        }
        #expect(outage.detail.contains("Windows Authorization Access Group"), "\(outage.detail)")
    }

    @Test func thePrimaryGroupIsToldInsideTheBaseAndClimbedFromAnywhere() async throws {
        let outside = Self.group("everyone", 513, in: "CN=Users", memberOf: ["CN=above,OU=Groups,DC=x"])
        let inside = Self.group("staff", 513, memberOf: ["CN=above,OU=Groups,DC=x"])
        let above = Self.group("above", 1300)
        for (primary, nested, wanted) in [
            (outside, true, ["above"]), (inside, true, ["above", "staff"]), (inside, false, ["staff"]),
            (outside, false, []),
        ] as [(LDAPEntry, Bool, [String])] {
            let (directory, _) = try Self.directory(
                .search,
                [.entries([Self.alice]), .entries([]), .entries([primary]), .entries([above]), .entries([])]
            ) { $0.nested = nested }
            #expect(await Self.groups(directory) == wanted, "\(primary.dn) \(nested)")
        }
        // Gone, or not for us to see: as if there were none.
        let gone = LDAPError(.result, "scripted", resultCode: .noSuchObject)
        let (directory, _) = try Self.directory(
            .search,
            [.entries([Self.alice]), .entries([]), .failure(gone), .entries([])]
        )
        #expect(await Self.groups(directory) == [])
    }

    /// Large groups are not read to find out who is in them: each group says itself what it is in.
    @Test func groupsOfGroupsAreRememberedOneByOne() async throws {
        let one = Self.group("one", 1, memberOf: ["cn=Top, ou=groups,dc=x"])
        let two = Self.group("two", 2, memberOf: ["CN=side,OU=Groups,DC=x", "CN=elsewhere,DC=x"])
        // Both lead to each other: a loop.
        let top = Self.group("top", 3, memberOf: ["CN=side,OU=Groups,DC=x"])
        let side = Self.group("side", 4, memberOf: ["CN=top,OU=Groups,DC=x", "CN=hidden,OU=Groups,DC=x"])
        let (directory, host) = try Self.directory(
            .search,
            [.entries([Self.alice]), .entries([one, two]), .entries([]), .entries([side, top]), .entries([])]
                + [.entries([Self.alice]), .entries([two])]
        )
        #expect(await Self.groups(directory) == ["one", "side", "top", "two"])
        #expect(host.requests.allSatisfy { !$0.attributes.contains("member") })
        #expect(host.requests.count == 5, "the person, direct groups, the primary group, their parents, the hidden one")
        // The next person is in the second group only: what is above it is known, also that one is hidden.
        #expect(await Self.groups(directory) == ["side", "top", "two"])
        #expect(host.requests.count == 7, "the person and the direct groups")
    }

    @Test func anotherAttributeIsClimbedBySearching() async throws {
        let owned = Self.group("owned", 1)
        let (directory, host) = try Self.directory(
            .search,
            [.entries([Self.alice]), .entries([owned]), .entries([]), .entries([])]
        ) { $0.match = ["dn:managedBy"] }
        #expect(await Self.groups(directory) == ["owned"])
        #expect(Self.filters(host).last == "OU=Groups,DC=x (&(objectClass=group)(managedBy=CN=owned,OU=Groups,DC=x))")
    }
}
