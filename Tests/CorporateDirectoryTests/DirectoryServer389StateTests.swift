import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// Every state of an account on 389 Directory Server, with every kind of password.
@Suite(.serialized) struct DirectoryServer389StateTests {
    static let suffix = "dc=example,dc=org"
    static let people = "ou=people,\(suffix)"

    static func set(_ line: String, _ server: DirectoryServer389, _ user: String) async throws {
        let attribute = line.prefix { $0 != ":" }
        try await server.modify(CorporateDirectory.change(user, "replace: \(attribute)\n\(line)"))
    }

    static func follow(_ policy: String, _ server: DirectoryServer389, _ user: String) async throws {
        try await set("pwdPolicySubentry: cn=\(policy),cn=policies,\(suffix)", server, user)
    }

    static let rows: [AccountStateRow<DirectoryServer389>] = [
        AccountStateRow(
            name: "d-active",
            arrange: { _, _ in },
            right: .letIn(),
            refresh: .goesOn,
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "d-locked",
            arrange: { server, user in
                for _ in 0..<3 {
                    _ = try await ChildProcess.run(
                        "ldapwhoami",
                        ["-x", "-H", server.url, "-D", "uid=\(user),\(people)", "-w", "wrong-on-purpose"]
                    )
                }
            },
            right: .hidden(.locked),
            wrong: .hidden(.locked),
            refresh: .ends(.locked)
        ),
        AccountStateRow(
            name: "d-lock-ran-out",
            arrange: { try await set("accountUnlockTime: 20260101000000Z", $0, $1) },
            right: .letIn(),
            refresh: .goesOn,
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "d-disabled",
            arrange: { try await set("nsAccountLock: TRUE", $0, $1) },
            right: .hidden(.disabled),
            wrong: .hidden(.disabled),
            refresh: .ends(.disabled)
        ),
        AccountStateRow(
            name: "d-disabled-by-role",
            arrange: { try await set("nsRoleDN: cn=nsManagedDisabledRole,\(suffix)", $0, $1) },
            right: .hidden(.disabled),
            wrong: .hidden(.disabled),
            refresh: .ends(.disabled)
        ),
        AccountStateRow(
            name: "d-expired",
            arrange: { try await set("passwordExpirationTime: 20260101000000Z", $0, $1) },
            right: .told(.passwordExpired),
            refresh: .ends(.passwordExpired)
        ),
        AccountStateRow(
            name: "d-grace",
            arrange: {
                try await follow("grace", $0, $1)
                try await set("passwordExpirationTime: 20260101000000Z", $0, $1)
            },
            right: .letIn(warning: "grace logins left: "),
            refresh: .ends(.passwordExpired),
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "d-must-change",
            arrange: {
                try await follow("must", $0, $1)
                try await set("passwordExpirationTime: 19700101000000Z", $0, $1)
            },
            right: .told(.mustChangePassword),
            refresh: .ends(.mustChangePassword)
        ),
        AccountStateRow(
            name: "d-expiring",
            arrange: { try await follow("expiring", $0, $1) },
            right: .letIn(warning: "the password expires in "),
            refresh: .goesOn,
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "d-new-password",
            arrange: { server, user in
                try await Task.sleep(for: .seconds(1.1))
                try await set("userPassword: another-secret", server, user)
            },
            right: .hidden(.wrongPassword),
            refresh: .passwordChanged
        ),
        AccountStateRow(
            name: "d-without-password",
            arrange: { server, user in
                // pwdUpdateTime counts seconds.
                try await Task.sleep(for: .seconds(1.1))
                try await server.modify(CorporateDirectory.change(user, "delete: userPassword"))
            },
            right: .hidden(.wrongPassword),
            refresh: .passwordChanged
        ),
        AccountStateRow(
            name: "d-deleted",
            arrange: { try await $0.modify("dn: uid=\($1),\(people)\nchangetype: delete\n\n") },
            right: .hidden(.unknownUser),
            wrong: .hidden(.unknownUser),
            refresh: .ends(.unknownUser),
            binds: 0
        ),
    ]

    private static func policyLDIF(_ name: String, _ lines: String...) -> String {
        "dn: cn=\(name),cn=policies,\(suffix)\nobjectClass: ldapsubentry\nobjectClass: passwordpolicy\n"
            + "objectClass: extensibleObject\ncn: \(name)\n" + lines.map { $0 + "\n" }.joined() + "\n"
    }

    /// What `ns-inactivate.pl` made: a role whose class of service says nsAccountLock.
    private static let disabledRole = """
        dn: cn=nsManagedDisabledRole,\(suffix)
        objectClass: LdapSubEntry
        objectClass: nsRoleDefinition
        objectClass: nsSimpleRoleDefinition
        objectClass: nsManagedRoleDefinition
        cn: nsManagedDisabledRole

        dn: cn=nsAccountInactivationTmp,\(suffix)
        objectClass: nsContainer
        cn: nsAccountInactivationTmp

        dn: cn="cn=nsManagedDisabledRole,\(suffix)",cn=nsAccountInactivationTmp,\(suffix)
        objectClass: extensibleObject
        objectClass: costemplate
        objectClass: ldapsubentry
        cosPriority: 1
        nsAccountLock: true

        dn: cn=nsAccountInactivation_cos,\(suffix)
        objectClass: LdapSubEntry
        objectClass: cosSuperDefinition
        objectClass: cosClassicDefinition
        cosTemplateDn: cn=nsAccountInactivationTmp,\(suffix)
        cosSpecifier: nsRole
        cosAttribute: nsAccountLock operational


        """

    /// For every suite that only touches people of its own.
    static let server = Task {
        var options = DirectoryServer389.Options()
        options.policy = [
            "passwordLockout": "on", "passwordMaxFailure": "3", "passwordExp": "on", "passwordMaxAge": "8640000",
            "passwordWarning": "0", "passwordTrackUpdateTime": "on", "nsslapd-pwpolicy-local": "on",
        ]
        options.extraLDIF =
            disabledRole + "dn: cn=policies,\(suffix)\nobjectClass: nsContainer\ncn: policies\n\n"
            + policyLDIF("grace", "passwordExp: on", "passwordMaxAge: 8640000", "passwordGraceLimit: 5")
            + policyLDIF("must", "passwordMustChange: on")
            + policyLDIF("expiring", "passwordExp: on", "passwordMaxAge: 8640000", "passwordWarning: 8640000")
        return try await DirectoryServer389.start(options)
    }

    static func add(_ user: String, _ server: DirectoryServer389) async throws {
        try await server.modify(
            """
            dn: uid=\(user),\(people)
            objectClass: inetOrgPerson
            uid: \(user)
            cn: \(user)
            sn: \(user)
            userPassword: right-secret


            """
        )
    }

    @Test(arguments: rows) func everyState(_ row: AccountStateRow<DirectoryServer389>) async throws {
        let server = try await Self.server.value
        let live = try CorporateDirectory(server)
        try await Self.add(row.name, server)
        try await row.run(live, server, password: "right-secret") {
            server.bindRequests(dn: "uid=\(row.name),\(Self.people)")
        }
        await live.directory.shutdown()
    }

    @Test func theCounterMovesByOne() async throws {
        let server = try await Self.server.value
        let live = try CorporateDirectory(server) { $0.dnCache = .seconds(60) }
        try await Self.add("d-counter", server)
        func failures() async throws -> Int {
            let dn = "uid=d-counter,\(Self.people)"
            return try await server.values(of: "passwordRetryCount", at: dn).first.flatMap { Int($0) } ?? 0
        }
        for cached in [false, true] {
            #expect(try await failures() == 0)
            #expect(Told(await live.login("d-counter", "wrong")) == .hidden(.wrongPassword))
            #expect(try await failures() == 1, "cached: \(cached)")
            for _ in 0..<5 { #expect(Told(await live.login("d-counter", "")) == .hidden(.emptyPassword)) }
            #expect(try await failures() == 1)
            _ = try await live.identity("d-counter", "right-secret")
        }
        await live.directory.shutdown()
    }

    /// People of an installation as it comes: ids, names, groups by its defaults.
    @Test func theDefaultsOfTheKindSuffice() async throws {
        let server = try await Self.server.value
        let live = try CorporateDirectory(server)
        let sample = SampleDirectory()
        for person in sample.people where person.uid != "twin" {
            let identity = try await live.identity(person.uid, person.password)
            #expect(identity.username == person.uid && identity.lastName == person.surname)
            #expect(identity.groups == person.nestedGroups.sorted(), "\(person.uid)")
            // nsUniqueId: four groups of eight digits.
            #expect(identity.key.stableID.count == 35, "\(identity.key)")
            #expect(Refreshed(await live.recheck(identity)) == .goesOn)
        }
        await live.directory.shutdown()
    }
}
