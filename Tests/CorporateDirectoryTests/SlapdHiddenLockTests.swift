import Authentication
import DirectoryAuth
import FoundationEssentials
import LDAPClient
import TestSupport
import Testing

/// slapd as it comes: locked, not yet valid and over are answered like a wrong password (no ppolicy_use_lockout).
@Suite(.serialized) struct SlapdHiddenLockTests {
    private static let server = Task {
        var options = Slapd.Options()
        options.passwordPolicy = ["pwdLockout": "TRUE", "pwdMaxFailure": "3"]
        let slapd = try await Slapd.start(options)
        try await slapd.modify(
            """
            dn: \(SlapdStateTests.policy("short-lock"))
            objectClass: device
            objectClass: pwdPolicy
            cn: short-lock
            pwdAttribute: userPassword
            pwdLockout: TRUE
            pwdMaxFailure: 2
            pwdLockoutDuration: 1


            """
        )
        return slapd
    }

    static let rows: [AccountStateRow<Slapd>] = [
        AccountStateRow(
            name: "h-active",
            arrange: { _, _ in },
            right: .letIn(),
            refresh: .goesOn,
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "h-locked",
            arrange: { try await SlapdStateTests.fail($0, $1, times: 3) },
            right: .hidden(.locked),
            wrong: .hidden(.locked),
            refresh: .ends(.locked)
        ),
        AccountStateRow(
            name: "h-locked-by-admin",
            arrange: { try await SlapdStateTests.set("pwdAccountLockedTime: 000001010000Z", $0, $1) },
            right: .hidden(.locked),
            wrong: .hidden(.locked),
            refresh: .ends(.locked)
        ),
        // The stamp is still in the entry, the lock is not.
        AccountStateRow(
            name: "h-lock-ran-out",
            arrange: {
                try await SlapdStateTests.follow("short-lock", $0, $1)
                try await SlapdStateTests.fail($0, $1, times: 2)
                try await Task.sleep(for: .seconds(2.5))
            },
            right: .letIn(),
            refresh: .goesOn,
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "h-over",
            arrange: { try await SlapdStateTests.set("pwdEndTime: 20200101000000Z", $0, $1) },
            right: .hidden(.accountExpired),
            wrong: .hidden(.accountExpired),
            refresh: .ends(.accountExpired)
        ),
        AccountStateRow(
            name: "h-not-yet",
            arrange: { try await SlapdStateTests.set("pwdStartTime: 20480101000000Z", $0, $1) },
            right: .hidden(.disabled),
            wrong: .hidden(.disabled),
            refresh: .ends(.disabled)
        ),
        // Written by hand: slapd 2.5.13 of Debian 12 crashes when it writes one (pwdMinDelay), and obeys one that is there.
        AccountStateRow(
            name: "h-delayed",
            arrange: { slapd, user in
                try await slapd.modify(
                    CorporateDirectory.change(
                        user,
                        "replace: pwdAccountTmpLockoutEnd\npwdAccountTmpLockoutEnd: 20480101000000Z"
                    ),
                    relaxed: true
                )
            },
            right: .hidden(.locked),
            wrong: .hidden(.locked),
            refresh: .goesOn
        ),
    ]

    @Test(arguments: rows) func everyState(_ row: AccountStateRow<Slapd>) async throws {
        try await SlapdStateTests.check(row, at: Self.server.value)
    }

    static let ways: [(name: String, change: @Sendable (inout DirectorySettings) -> Void)] = [
        ("k-searched", { _ in }),
        ("k-remembered", { $0.dnCache = .seconds(60) }),
        ("k-template", { $0.bindDNTemplate = "uid={username},ou=people,dc=example,dc=org" }),
    ]

    /// Whichever way the DN was found: one bind each, and the right password counts again at once.
    @Test(arguments: ways.indices) func anUnlockedAccountIsLetInAtOnce(_ index: Int) async throws {
        let (name, change) = Self.ways[index]
        let slapd = try await Self.server.value
        let live = try CorporateDirectory(slapd, change: change)
        try await SlapdStateTests.add(name, slapd)
        _ = try await live.identity(name, "right-secret")
        guard case .rejected(let first) = await live.login(name, "wrong") else {
            Issue.record("let in")
            return
        }
        #expect(first.reason == .wrongPassword && first.isConclusive, "\(first)")
        try await SlapdStateTests.fail(slapd, name, times: 2)
        let dn = "uid=\(name),ou=people,dc=example,dc=org"
        try await Task.sleep(for: .milliseconds(50))
        let before = slapd.bindRequests(dn: dn)
        for password in ["right-secret", "wrong", "right-secret"] {
            guard case .rejected(let locked) = await live.login(name, password) else {
                Issue.record("\(name): let in")
                return
            }
            #expect(locked.reason == .locked && locked.detail.contains("; pwdAccountLockedTime is 2"), "\(locked)")
        }
        try await Task.sleep(for: .milliseconds(50))
        #expect(slapd.bindRequests(dn: dn) == before + 3)
        try await slapd.modify(CorporateDirectory.change(name, "delete: pwdAccountLockedTime"))
        _ = try await live.identity(name, "right-secret")
        await live.directory.shutdown()
    }
}
