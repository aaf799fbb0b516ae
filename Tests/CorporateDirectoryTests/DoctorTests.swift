import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// What `ldapauthd check` reads of lock-outs, clocks and states of accounts where they differ from OpenLDAP.
@Suite struct DoctorTests {
    private static func steps(_ directory: Directory, _ user: String) async -> [DirectoryProbe.Step] {
        await DirectoryProbe(directory, throttle: 5).run(username: user, deadline: .now + .seconds(30))
    }

    @Test func activeDirectoryTellsItsTimeAndItsThreshold() async throws {
        let samba = try await SambaServer.shared()
        let live = try CorporateDirectory(samba)
        let steps = await Self.steps(live.directory, "nobody")
        let clock = try #require(steps.first { $0.name == .clock }, "\(steps)")
        #expect(clock.verdict == .passed && clock.message.hasPrefix("this machine and the server agree"), "\(clock)")
        let lockout = try #require(steps.first { $0.name == .lockout })
        // A fresh domain locks nobody; other tests give the shared one a threshold.
        #expect(lockout.verdict != .skipped && lockout.message.hasPrefix("the server locks "), "\(lockout)")
        await live.directory.shutdown()
    }

    @Test func the389ServerTellsItsThresholdToItsManagerOnly() async throws {
        var options = DirectoryServer389.Options()
        options.policy = ["passwordLockout": "on", "passwordMaxFailure": "3"]
        let server = try await DirectoryServer389.start(options)
        let live = try CorporateDirectory(server)
        let hidden = try #require(await Self.steps(live.directory, "alice").first { $0.name == .lockout })
        #expect(hidden.verdict == .skipped, "\(hidden)")
        #expect(
            hidden.message.hasPrefix("passwordMaxFailure in cn=config may not be read as this account"),
            "\(hidden)"
        )
        await live.directory.shutdown()
        let manager = try CorporateDirectory(server) { settings in
            let password = server.adminPassword
            settings.hosts[0].serviceIdentities = [.simple(dn: server.adminDN) { Password(password) }]
        }
        let seen = try #require(await Self.steps(manager.directory, "alice").first { $0.name == .lockout })
        #expect(seen.verdict == .warning, "\(seen)")
        #expect(seen.message.hasPrefix("the server locks an account after 3 wrong passwords, and"), "\(seen)")
        await manager.directory.shutdown()
        await server.stop()
    }

    private static func accountState(_ live: CorporateDirectory, _ user: String) async throws -> DirectoryProbe.Step {
        try #require(await steps(live.directory, user).first { $0.name == .accountState })
    }

    /// Everybody has those attributes in Active Directory: one that does not show may not be read.
    @Test func activeDirectoryHidesTheStateOfAnAccount() async throws {
        let samba = try await SambaServer.shared()
        let live = try CorporateDirectory(samba)
        for name in ["c-open", "c-hidden"] { try await samba.addUser(name, password: "right-secret") }
        try await samba.hideAccountRestrictions(of: "c-hidden")
        let open = try await Self.accountState(live, "c-open")
        #expect(open.verdict == .passed && open.message.hasPrefix("locks, expiry and changed passwords"), "\(open)")
        let hidden = try await Self.accountState(live, "c-hidden")
        #expect(hidden.verdict == .warning && hidden.message.contains("may not read userAccountControl"), "\(hidden)")
        #expect(hidden.message.contains("accountExpires, pwdLastSet: a refresh sees neither"), "\(hidden)")
        #expect(hidden.remedy?.contains("the right to read those attributes") == true)
        await live.directory.shutdown()
    }

    /// A server as it is installed notes no change of a password.
    @Test func the389ServerIsToldToNoteChanges() async throws {
        let server = try await DirectoryServer389.start()
        let live = try CorporateDirectory(server)
        let stock = try await Self.accountState(live, "alice")
        #expect(stock.verdict == .warning && stock.message.contains("has pwdUpdateTime: a refresh cannot"), "\(stock)")
        #expect(stock.remedy?.contains("passwordTrackUpdateTime=on") == true)
        try await server.modify(
            "dn: cn=config\nchangetype: modify\nreplace: passwordTrackUpdateTime\npasswordTrackUpdateTime: on\n\n"
        )
        try await server.modify(
            CorporateDirectory.change("alice", "replace: userPassword\nuserPassword: another-secret")
        )
        let noted = try await Self.accountState(live, "alice")
        #expect(noted.verdict == .passed && noted.message.hasSuffix("are seen by a refresh"), "\(noted)")
        let older = try await Self.accountState(live, "bob")
        #expect(older.verdict == .passed && older.message.contains("bob has no pwdUpdateTime before"), "\(older)")
        try await server.modify(
            """
            dn: \(server.options.suffix)
            changetype: modify
            add: aci
            aci: (targetattr="accountUnlockTime || nsAccountLock")(version 3.0; acl "hide"; deny (read, search) userdn="ldap:///\(server.serviceDN)";)


            """
        )
        let hidden = try await Self.accountState(live, "alice")
        #expect(hidden.verdict == .warning, "\(hidden)")
        #expect(hidden.message.contains("may not read nsAccountLock, accountUnlockTime: a refresh cannot"), "\(hidden)")
        await live.directory.shutdown()
        await server.stop()
    }
}
