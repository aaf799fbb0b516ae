import Authentication
import DirectoryAuth
import TestSupport
import Testing

/// Every state of an account on Active Directory, as Samba has it, with every kind of password.
@Suite(.serialized) struct SambaStateTests {
    static let rows: [AccountStateRow<SambaServer>] = [
        AccountStateRow(
            name: "s-active",
            arrange: { _, _ in },
            right: .letIn(),
            refresh: .goesOn,
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "s-disabled",
            arrange: { try await $0.disable($1) },
            right: .told(.disabled),
            refresh: .ends(.disabled)
        ),
        AccountStateRow(
            name: "s-must-change",
            arrange: { try await $0.requirePasswordChange($1) },
            right: .told(.mustChangePassword),
            refresh: .ends(.mustChangePassword)
        ),
        AccountStateRow(
            name: "s-expired",
            arrange: { try await $0.expirePassword($1) },
            right: .told(.passwordExpired),
            refresh: .ends(.passwordExpired)
        ),
        AccountStateRow(
            name: "s-account-over",
            arrange: { try await $0.expireAccount($1) },
            right: .told(.accountExpired),
            refresh: .ends(.accountExpired)
        ),
        // When and where somebody may log on says nothing of a session that began at a good hour.
        AccountStateRow(
            name: "s-hours",
            arrange: { try await $0.forbidAllHours($1) },
            right: .told(.logonHours),
            refresh: .goesOn
        ),
        AccountStateRow(
            name: "s-workstation",
            arrange: { try await $0.allowOnly(workstation: "ELSEWHERE", $1) },
            right: .told(.workstation),
            refresh: .goesOn
        ),
        AccountStateRow(
            name: "s-locked",
            arrange: { try await $0.lock($1) },
            right: .hidden(.locked),
            wrong: .hidden(.locked),
            refresh: .ends(.locked)
        ),
        AccountStateRow(
            name: "s-lock-ran-out",
            arrange: { samba, user in
                try await samba.addPolicy(for: user, lockoutThreshold: 2, lockoutDuration: .seconds(1))
                try await samba.lock(user)
                try await Task.sleep(for: .seconds(2))
            },
            right: .letIn(),
            refresh: .goesOn,
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "s-new-password",
            arrange: { try await $0.setPassword($1, "another-secret") },
            right: .hidden(.wrongPassword),
            refresh: .passwordChanged
        ),
        AccountStateRow(
            name: "s-deleted",
            arrange: { try await $0.modify("dn: \($0.dn(of: $1))\nchangetype: delete\n\n") },
            right: .hidden(.unknownUser),
            wrong: .hidden(.unknownUser),
            refresh: .ends(.unknownUser),
            binds: 0
        ),
    ]

    @Test(arguments: rows) func everyState(_ row: AccountStateRow<SambaServer>) async throws {
        let samba = try await SambaServer.shared()
        let live = try CorporateDirectory(samba)
        try await samba.addUser(row.name, password: "right-secret")
        try await row.run(live, samba, password: "right-secret") { samba.authentications(of: row.name) }
        await live.directory.shutdown()
    }

    /// badPwdCount is what locks people out: one for each wrong password, none for anything else.
    @Test func theCounterMovesByOne() async throws {
        let samba = try await SambaServer.shared()
        let live = try CorporateDirectory(samba) { $0.dnCache = .seconds(60) }
        try await samba.addUser("s-counter", password: "right-secret")
        for cached in [false, true] {
            #expect(try await samba.badPasswordCount("s-counter") == 0)
            #expect(Told(await live.login("s-counter", "wrong")) == .hidden(.wrongPassword))
            #expect(try await samba.badPasswordCount("s-counter") == 1, "cached: \(cached)")
            for _ in 0..<5 { #expect(Told(await live.login("s-counter", "")) == .hidden(.emptyPassword)) }
            #expect(Told(await live.login("no-such-user", "wrong")) == .hidden(.unknownUser))
            #expect(try await samba.badPasswordCount("s-counter") == 1)
            // A success clears it, and fills the cache.
            _ = try await live.identity("s-counter", "right-secret")
        }
        await live.directory.shutdown()
    }

    /// A remembered DN that leads nowhere by now costs the person nothing.
    @Test func aRenamedEntryCountsOnce() async throws {
        let samba = try await SambaServer.shared()
        let live = try CorporateDirectory(samba) { $0.dnCache = .seconds(60) }
        try await samba.addUser("s-renamed", password: "right-secret")
        let before = try await live.identity("s-renamed", "right-secret")
        try await samba.modify(
            "dn: \(samba.dn(of: "s-renamed"))\nchangetype: modrdn\nnewrdn: CN=s-renamed-now\ndeleteoldrdn: 1\n\n"
        )
        let moved = samba.dn(of: "s-renamed-now")
        #expect(Told(await live.login("s-renamed", "wrong")) == .hidden(.wrongPassword))
        #expect(try await samba.values(of: "badPwdCount", at: moved) == ["1"])
        let after = try await live.identity("s-renamed", "right-secret")
        #expect(after.key == before.key && after.locator == moved)
        guard case .current(let now) = await live.recheck(before) else {
            Issue.record("renamed is not gone")
            return
        }
        #expect(now.locator == moved)
        await live.directory.shutdown()
    }

    /// Without TLS Samba does not look at the password: the operator hears what to do, and nobody is refused.
    @Test func cleartextIsNoWrongPassword() async throws {
        let samba = try await SambaServer.shared()
        try await samba.addUser("s-clear", password: "right-secret")
        let live = try CorporateDirectory(
            kind: .activeDirectory,
            url: samba.ldapURL,
            bindDN: samba.serviceDN,
            bindPassword: samba.servicePassword,
            userBase: samba.suffix,
            groupsBase: samba.groupsBase
        )
        guard case .unavailable(let outage) = await live.login("s-clear", "right-secret") else {
            Issue.record("a login without TLS")
            return
        }
        #expect(outage.detail.contains("encryption"), "\(outage.detail)")
        #expect(samba.authentications(of: "s-clear") == 0)
        await live.directory.shutdown()
    }
}
