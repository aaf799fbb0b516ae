import Authentication
import DirectoryAuth
import EventPoller
import LDAPClient
import Logging
import TestSupport
import Testing

/// Changes of passwords at a Samba domain controller and a 389 Directory Server.
@Suite struct CorporatePasswordChangeTests {
    private static let poller = Result { try EventPoller(name: "corp-tests") }
    private static let pool = BlockingPool(name: "corp-tests", threads: 8, queueLimit: 256)

    private func directory(_ settings: DirectorySettings) throws -> Directory {
        try Directory(
            settings: settings,
            poller: try Self.poller.get(),
            pool: Self.pool,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func host(_ url: String, caFile: String?, _ dn: String, _ password: String) throws -> LDAPHostSettings {
        LDAPHostSettings(
            url: try LDAPURL(url),
            tls: LDAPTLSSettings(caFile: caFile),
            connectTimeout: .seconds(20),
            operationTimeout: .seconds(20),
            serviceIdentities: [.simple(dn: dn) { Password(password) }]
        )
    }

    private func logIn(_ directory: Directory, _ name: String, _ password: String) async -> String {
        switch await directory.authenticate(name, password: Password(password), deadline: .now + .seconds(40)) {
        case .authenticated: "in"
        case .rejected(let rejection): rejection.reason.rawValue
        case .unavailable(let outage): outage.detail
        }
    }

    private func change(_ directory: Directory, _ name: String, _ old: String, _ new: String) async -> String {
        let answer = await directory.changePassword(
            of: .named(name),
            from: Password(old),
            to: Password(new),
            deadline: .now + .seconds(40),
            gate: OpenGate()
        )
        return switch answer {
        case .changed: "changed"
        case .rejected(let rejection): "\(rejection.reason.rawValue) (\(rejection.detail))"
        case .refused(let refusal): "\(refusal.reason.rawValue) (\(refusal.detail))"
        case .unavailable(let outage): outage.detail
        }
    }

    private func expect(
        _ wanted: String,
        _ outcome: @autoclosure () async -> String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let found = await outcome()
        #expect(found == wanted || found.hasPrefix("\(wanted) ("), "\(found)", sourceLocation: sourceLocation)
    }

    @Test func activeDirectory() async throws {
        var options = SambaServer.Options()
        // Samba would accept the old one for an hour more, as Windows does for NTLM.
        options.settings = ["old password allowed period = 0"]
        let samba = try await SambaServer.start(options)
        for name in ["alice", "must", "old", "off", "over", "young"] {
            try await samba.addUser(name, password: "First-secret1")
        }
        try await samba.requirePasswordChange("must")
        try await samba.expirePassword("old")
        try await samba.disable("off")
        try await samba.expireAccount("over")
        var settings = DirectorySettings(
            id: SourceID(1),
            name: "corp",
            kind: .activeDirectory,
            hosts: [try host(samba.ldapsURL, caFile: samba.caFile, samba.serviceDN, samba.servicePassword)],
            userBase: samba.peopleBase,
            groupsBase: samba.groupsBase
        )
        settings.domains = ["CORP", "corp.example"]
        let directory = try directory(settings)

        await expect("wrong-password", await change(directory, "alice", "wrong", "Second-secret2"))
        #expect(try await samba.badPasswordCount("alice") == 1, "one try counts once")
        for (name, state) in [("off", "disabled"), ("over", "account-expired")] {
            await expect(state, await change(directory, name, "First-secret1", "Second-secret2"))
        }
        for (name, state) in [("alice", "in"), ("must", "must-change-password"), ("old", "password-expired")] {
            await expect(state, await logIn(directory, name, "First-secret1"))
            await expect("changed", await change(directory, name, "First-secret1", "Zw\u{f6}ite-\u{1F511}2"))
            await expect("in", await logIn(directory, name, "Zw\u{f6}ite-\u{1F511}2"))
            await expect("wrong-password", await logIn(directory, name, "First-secret1"))
        }
        let octets = await directory.changePassword(
            of: .named("alice"),
            from: Password("Zw\u{f6}ite-\u{1F511}2"),
            to: Password([0xFF, 0xFE, 0x41]),
            deadline: .now + .seconds(10),
            gate: OpenGate()
        )
        guard case .refused(let unusable) = octets, unusable.reason == .unusable else {
            Issue.record("\(octets)")
            return
        }

        try await samba.modify(
            """
            dn: \(samba.suffix)
            changetype: modify
            replace: minPwdLength
            minPwdLength: 9
            -
            replace: pwdProperties
            pwdProperties: 1
            -
            replace: pwdHistoryLength
            pwdHistoryLength: 5


            """
        )
        let now = "Zw\u{f6}ite-\u{1F511}2"
        await expect("too-short", await change(directory, "alice", now, "Sh0rt"))
        await expect("too-simple", await change(directory, "alice", now, "onlysmallletters"))
        await expect("changed", await change(directory, "alice", now, "Third-secret3"))
        await expect("in-history", await change(directory, "alice", "Third-secret3", now))
        try await samba.modify(
            "dn: \(samba.suffix)\nchangetype: modify\nreplace: minPwdAge\nminPwdAge: -864000000000\n\n"
        )
        await expect("too-young", await change(directory, "alice", "Third-secret3", "Fourth-secret4"))
        await directory.shutdown()
        await samba.stop()
    }

    @Test func directoryServer389() async throws {
        var options = DirectoryServer389.Options()
        options.policy = [
            "passwordCheckSyntax": "on", "passwordMinLength": "8", "passwordMinDigits": "1", "passwordHistory": "on",
            "passwordInHistory": "3",
        ]
        let server = try await DirectoryServer389.start(options)
        try await server.modify(
            """
            dn: dc=example,dc=org
            changetype: modify
            add: aci
            aci: (targetattr="userPassword")(version 3.0; acl "self"; allow (write) userdn="ldap:///self";)


            """
        )
        let directory = try directory(
            DirectorySettings(
                id: SourceID(1),
                name: "corp",
                kind: .directoryServer389,
                hosts: [try host(server.url, caFile: nil, server.serviceDN, server.servicePassword)],
                userBase: "ou=people,dc=example,dc=org",
                groupsBase: "ou=groups,dc=example,dc=org"
            )
        )
        await expect("wrong-password", await change(directory, "alice", "wrong", "second-secret2"))
        await expect("too-short", await change(directory, "alice", "alice-secret", "s1"))
        await expect("too-simple", await change(directory, "alice", "alice-secret", "no-digits-in-it"))
        await expect("changed", await change(directory, "alice", "alice-secret", "second-secret2"))
        await expect("in", await logIn(directory, "alice", "second-secret2"))
        await expect("wrong-password", await logIn(directory, "alice", "alice-secret"))
        await expect("changed", await change(directory, "alice", "second-secret2", "third-secret3"))
        await expect("in-history", await change(directory, "alice", "third-secret3", "second-secret2"))
        // Switched on now: the service account was made by an administrator too. A password reset by one must be changed
        // from here on, and can be.
        try await server.modify(
            "dn: cn=config\nchangetype: modify\nreplace: passwordMustChange\npasswordMustChange: on\n\n"
        )
        try await server.modify(
            "dn: uid=bob,ou=people,dc=example,dc=org\nchangetype: modify\nreplace: userPassword\nuserPassword: reset-secret1\n\n"
        )
        await expect("must-change-password", await logIn(directory, "bob", "reset-secret1"))
        await expect("changed", await change(directory, "bob", "reset-secret1", "fresh-guard2"))
        await expect("in", await logIn(directory, "bob", "fresh-guard2"))
        try await server.modify(
            "dn: cn=config\nchangetype: modify\nreplace: passwordMinAge\npasswordMinAge: 3600\n\n"
        )
        // 389 notes at a change when the next is allowed, so the age counts from the first one under the rule.
        await expect("changed", await change(directory, "bob", "fresh-guard2", "another-secret3"))
        await expect("too-young", await change(directory, "bob", "another-secret3", "fourth-secret4"))
        await directory.shutdown()
        await server.stop()
    }
}
