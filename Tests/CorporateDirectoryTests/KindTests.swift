import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// With a kind, an administrator says where people and groups are, and who may look: all else has a default that works.
@Suite(.serialized) struct KindTests {
    @Test func activeDirectoryNeedsNothingElse() async throws {
        let samba = try await SambaServer.shared()
        let live = try CorporateDirectory(samba) { $0.domains = ["CORP", "corp.example"] }
        let name = "k-jürgen"
        try await samba.addUser(
            name,
            password: "pässwörd-ß",
            principalName: "juergen.mueller@mail.example",
            attributes: [
                "givenName": "Jürgen", "sn": "Müller", "displayName": "Jürgen Müller", "mail": "jm@mail.example",
            ]
        )
        try await samba.addGroup("k-developers", users: [name])
        try await samba.addGroup("k-engineering", groups: ["k-developers"])
        try await samba.addGroup("k-everyone", groups: ["k-engineering"])
        try await samba.addGroup("k-others")
        // Folded, with the domain in both forms, and by the principal name, whose suffix is no domain of the directory's.
        let spellings = [
            name, "K-JÜRGEN", "CORP\\\(name)", "\(name)@corp.example", "juergen.mueller@mail.example", "  \(name) ",
        ]
        for typed in spellings {
            let identity = try await live.identity(typed, "pässwörd-ß")
            #expect(identity.username == name)
            #expect(identity.firstName == "Jürgen" && identity.lastName == "Müller")
            #expect(identity.displayName == "Jürgen Müller" && identity.email == "jm@mail.example")
            #expect(identity.groups == ["k-developers", "k-engineering", "k-everyone"], "\(typed)")
        }
        let identity = try await live.identity(name, "pässwörd-ß")
        // objectGUID as Active Directory's own tools print it.
        let shown = try await ChildProcess.run(
            "samba-tool",
            ["user", "show", name, "-s", samba.configurationFile, "--attributes=objectGUID"]
        )
        #expect(LDIF.values(of: "objectGUID", in: shown.output) == [identity.key.stableID], "\(shown.output)")
        for typed in [#"OTHER\\#(name)"#, "k-jurgen", "Administrator*", "*"] {
            #expect(Told(await live.login(typed, "pässwörd-ß")) == .hidden(.unknownUser), "\(typed)")
        }
        // Computers and groups are nobody.
        for typed in ["DC1$", "k-developers"] {
            #expect(Told(await live.login(typed, "x")) == .hidden(.unknownUser), "\(typed)")
        }
        await live.directory.shutdown()
    }

    /// A 389 Directory Server with FreeIPA's schema and tree stands for the real one, which needs a machine of its own.
    @Test func freeIPANeedsNothingElse() async throws {
        let server = try await Self.likeFreeIPA()
        let live = try CorporateDirectory(
            kind: .freeIPA,
            url: server.url,
            bindDN: "uid=svc,cn=sysaccounts,cn=etc,dc=ipa,dc=example",
            bindPassword: "service-secret",
            userBase: "cn=users,cn=accounts,dc=ipa,dc=example",
            groupsBase: "cn=groups,cn=accounts,dc=ipa,dc=example"
        )
        let identity = try await live.identity("alice", "alice-secret")
        #expect(identity.key.stableID == "11111111-2222-3333-4444-555555555555")
        #expect(identity.username == "alice" && identity.firstName == "Alice" && identity.lastName == "Anderson")
        // Nested by the memberOf plug-in; a role is no group.
        #expect(identity.groups == ["developers", "engineering"])
        #expect(Refreshed(await live.recheck(identity)) == .goesOn)
        // System accounts and what is no POSIX account are nobody.
        for name in ["svc", "nobody"] {
            #expect(Told(await live.login(name, "service-secret")) == .hidden(.unknownUser))
        }
        let dn = "uid=alice,cn=users,cn=accounts,dc=ipa,dc=example"
        let states: [(line: String, Refreshed)] = [
            ("nsAccountLock: TRUE", .ends(.disabled)),
            ("krbPrincipalExpiration: 20260101000000Z", .ends(.accountExpired)),
            ("krbPasswordExpiration: 20260101000000Z", .ends(.passwordExpired)),
            ("krbLastPwdChange: 20260101000000Z", .passwordChanged),
        ]
        for (line, wanted) in states {
            let attribute = line.prefix { $0 != ":" }
            try await server.modify("dn: \(dn)\nchangetype: modify\nreplace: \(attribute)\n\(line)\n\n")
            #expect(Refreshed(await live.recheck(identity)) == wanted, "\(line)")
            // 389 DS itself knows nothing of Kerberos: a login that it lets pass is not ended by the next refresh.
            if attribute == "krbPasswordExpiration" {
                let new = try await live.identity("alice", "alice-secret")
                #expect(Refreshed(await live.recheck(new)) == .goesOn)
            }
            try await server.modify("dn: \(dn)\nchangetype: modify\nreplace: \(attribute)\n\n")
        }
        #expect(Refreshed(await live.recheck(identity)) == .goesOn)
        await live.directory.shutdown()
        await server.stop()
    }

    private static func likeFreeIPA() async throws -> DirectoryServer389 {
        var options = DirectoryServer389.Options()
        options.suffix = "dc=ipa,dc=example"
        options.hasSample = false
        options.memberOf = true
        options.schema = [
            "60kerberos.ldif": text(ofFile: "/usr/share/dirsrv/data/60kerberos.ldif"),
            "61ipa.ldif": """
            dn: cn=schema
            attributeTypes: (2.16.840.1.113730.3.8.3.1 NAME 'ipaUniqueID' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE)
            objectClasses: (2.16.840.1.113730.3.8.4.2 NAME 'ipaobject' SUP top AUXILIARY MAY ipaUniqueID)

            """,
        ]
        var ldif = ""
        for container in [
            "cn=etc", "cn=sysaccounts,cn=etc", "cn=accounts", "cn=users,cn=accounts", "cn=groups,cn=accounts",
        ]
            + ["cn=roles,cn=accounts"]
        {
            let name = container.dropFirst(3).prefix { $0 != "," }
            ldif += "dn: \(container),dc=ipa,dc=example\nobjectClass: nsContainer\ncn: \(name)\n\n"
        }
        let alice = "uid=alice,cn=users,cn=accounts,dc=ipa,dc=example"
        ldif += """
            dn: uid=svc,cn=sysaccounts,cn=etc,dc=ipa,dc=example
            objectClass: account
            objectClass: simpleSecurityObject
            uid: svc
            userPassword: service-secret

            dn: \(alice)
            objectClass: inetOrgPerson
            objectClass: posixAccount
            objectClass: krbPrincipalAux
            objectClass: krbTicketPolicyAux
            objectClass: ipaobject
            uid: alice
            cn: Alice Anderson
            givenName: Alice
            sn: Anderson
            uidNumber: 10001
            gidNumber: 10001
            homeDirectory: /home/alice
            ipaUniqueID: 11111111-2222-3333-4444-555555555555
            userPassword: alice-secret

            dn: cn=developers,cn=groups,cn=accounts,dc=ipa,dc=example
            objectClass: groupOfNames
            objectClass: nsMemberOf
            cn: developers
            member: \(alice)

            dn: cn=engineering,cn=groups,cn=accounts,dc=ipa,dc=example
            objectClass: groupOfNames
            objectClass: nsMemberOf
            cn: engineering
            member: cn=developers,cn=groups,cn=accounts,dc=ipa,dc=example

            dn: cn=helpdesk,cn=roles,cn=accounts,dc=ipa,dc=example
            objectClass: groupOfNames
            objectClass: nsMemberOf
            cn: helpdesk
            member: \(alice)


            """
        options.extraLDIF = ldif
        return try await DirectoryServer389.start(options)
    }

    // MARK: What `check` says of a kind that does not fit

    static func rootDSE(_ directory: Directory) async throws -> DirectoryProbe.Step {
        let steps = await DirectoryProbe(directory).run(deadline: .now + .seconds(30))
        return try #require(steps.first { $0.name == .rootDSE }, "\(steps)")
    }

    static func kind(_ kind: DirectoryKind) -> (inout DirectorySettings) -> Void {
        {
            $0.kind = kind
            $0.attributes = kind.defaults.attributes
        }
    }

    @Test(arguments: DirectoryKind.allCases) func checkSaysWhatTheServerIs(_ kind: DirectoryKind) async throws {
        let samba = try await SambaServer.shared()
        let live = try CorporateDirectory(samba, change: Self.kind(kind))
        let step = try await Self.rootDSE(live.directory)
        #expect(step.message.contains("Active Directory") && step.message.contains("DC=corp,DC=example"))
        #expect((step.verdict == .passed) == (kind == .activeDirectory))
        if kind != .activeDirectory { #expect(step.remedy?.contains("kind = \"active-directory\"") == true) }
        await live.directory.shutdown()
    }

    @Test func checkKnows389AndOpenLDAPToo() async throws {
        let server = try await DirectoryServer389StateTests.server.value
        let slapd = try await Slapd.start()
        for kind in DirectoryKind.allCases {
            let one = try CorporateDirectory(server, kind: kind, change: Self.kind(kind))
            let step = try await Self.rootDSE(one.directory)
            #expect((step.verdict == .passed) == (kind == .directoryServer389), "\(kind): \(step)")
            #expect(step.message.contains("389 Directory Server"))
            #expect(kind == .directoryServer389 || step.remedy?.contains("kind = \"389ds\"") == true)
            await one.directory.shutdown()

            let other = try CorporateDirectory(slapd, kind: kind, change: Self.kind(kind))
            let second = try await Self.rootDSE(other.directory)
            #expect((second.verdict == .passed) == (kind == .openLDAP), "\(kind): \(second)")
            #expect(kind == .openLDAP || second.remedy?.contains("kind = \"openldap\"") == true)
            await other.directory.shutdown()
        }
        await slapd.stop()
    }
}
