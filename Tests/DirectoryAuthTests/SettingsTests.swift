import Authentication
import LDAPClient
import Testing

@testable import DirectoryAuth

@Suite struct SettingsTests {
    static func settings(_ kind: DirectoryKind = .openLDAP) -> DirectorySettings {
        DirectorySettings(
            id: SourceID(1),
            name: "corp",
            kind: kind,
            hosts: [LDAPHostSettings(url: LDAPURL(scheme: .ldaps, host: "ldap1", port: 636))],
            userBase: "ou=people,dc=x",
            groupsBase: "ou=groups,dc=x"
        )
    }

    @Test(arguments: DirectoryKind.allCases) func theDefaultsOfEachKindSuffice(_ kind: DirectoryKind) throws {
        try Directory.validate(Self.settings(kind))
    }

    static let faults: [(String, @Sendable (inout DirectorySettings) -> Void)] = [
        ("user_base", { $0.userBase = "" }),
        ("user_base", { $0.userBase = "people" }),
        ("user_filter", { $0.userFilter = "(uid=alice)" }),
        ("bind_dn_template", { $0.bindDNTemplate = "{username}" }),
        ("bind_dn", { $0.hosts[0].serviceIdentities = [] }),
        ("groups.base", { $0.groups.base = nil }),
        ("groups.base", { $0.groups.base = "x" }),
        ("groups.base", { $0.groups = DirectoryGroups(mode: .memberOf) }),
        ("groups.filter", { $0.groups.filter = "(" }),
        ("groups.match", { $0.groups.match = [] }),
        ("groups.match", { $0.groups.match = ["member"] }),
        ("groups.match", { $0.groups.match = ["dn:"] }),
        ("groups.match", { $0.groups.match = ["dn:member)(x=*"] }),
        ("groups.name", { $0.groups.name = "c n" }),
        ("groups.mode", { $0.groups.mode = .inChain }),
        ("groups.mode", { $0.groups.mode = .tokenGroups }),
        ("attributes.id", { $0.attributes.id = "" }),
        ("attributes.email", { $0.attributes.email = "mail)(x=y" }),
        ("attributes.user_id", { $0.attributes.userID = "uid number" }),
    ]

    @Test(arguments: faults.indices) func faultsNameTheirKey(_ index: Int) throws {
        var settings = Self.settings()
        Self.faults[index].1(&settings)
        let error = #expect(throws: DirectorySettingsError.self) { try Directory.validate(settings) }
        #expect(error?.key == Self.faults[index].0)
    }

    @Test(arguments: DirectoryGroups.Mode.allCases) func modesOfActiveDirectoryNameTheKindThatHasNone(
        _ mode: DirectoryGroups.Mode
    ) throws {
        for kind in DirectoryKind.allCases {
            var settings = Self.settings(kind)
            settings.groups.mode = mode
            guard mode.needsActiveDirectory, kind != .activeDirectory else {
                try Directory.validate(settings)
                continue
            }
            let error = #expect(throws: DirectorySettingsError.self) { try Directory.validate(settings) }
            #expect(error?.key == "groups.mode" && error?.message.contains("“\(mode.rawValue)”") == true)
            #expect(error?.message.contains("kind = \"\(kind.rawValue)\"") == true, "\(String(describing: error))")
        }
    }

    static let activeDirectoryFaults: [(String, @Sendable (inout DirectoryGroups) -> Void)] = [
        ("groups.base", { $0.base = nil }),
        ("groups.nested", { $0.nested = false }),
        ("groups.filter", { $0.filter = "(" }),
        ("groups.name", { $0.name = "c n" }),
    ]

    @Test(arguments: [DirectoryGroups.Mode.inChain, .tokenGroups], activeDirectoryFaults.indices)
    func faultsOfActiveDirectorysModesNameTheirKey(_ mode: DirectoryGroups.Mode, _ index: Int) {
        var settings = Self.settings(.activeDirectory)
        settings.groups.mode = mode
        Self.activeDirectoryFaults[index].1(&settings.groups)
        let error = #expect(throws: DirectorySettingsError.self) { try Directory.validate(settings) }
        #expect(error?.key == Self.activeDirectoryFaults[index].0)
    }

    @Test(arguments: [[], ["uid:memberUid"], ["dn:member", "uid:memberUid"]]) func inChainFollowsDNs(_ match: [String])
    {
        var settings = Self.settings(.activeDirectory)
        settings.groups.mode = .inChain
        settings.groups.match = match
        let error = #expect(throws: DirectorySettingsError.self) { try Directory.validate(settings) }
        #expect(error?.key == "groups.match" && error?.message.contains("dn:member") == true)
    }

    @Test func aTemplateNeedsNoUserBase() throws {
        var settings = Self.settings()
        settings.userBase = ""
        settings.bindDNTemplate = "uid={username},ou=people,dc=x"
        settings.hosts[0].serviceIdentities = []
        try Directory.validate(settings)
    }
}
