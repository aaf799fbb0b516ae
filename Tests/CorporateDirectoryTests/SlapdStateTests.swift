import Authentication
import DirectoryAuth
import TestSupport
import Testing

/// Every state of an account on OpenLDAP with ppolicy, with every kind of password.
@Suite(.serialized) struct SlapdStateTests {
    static func policy(_ name: String) -> String { "cn=\(name),ou=policies,dc=example,dc=org" }

    /// An account's own policy. Its password was set a moment ago: what lives a second is soon too old.
    static func follow(_ policy: String, _ slapd: Slapd, _ user: String, wait: Bool = false) async throws {
        let line = "pwdPolicySubentry: \(Self.policy(policy))"
        try await slapd.modify(CorporateDirectory.change(user, "replace: pwdPolicySubentry\n\(line)"))
        if wait { try await Task.sleep(for: .seconds(2.5)) }
    }

    static func set(_ line: String, _ slapd: Slapd, _ user: String) async throws {
        let attribute = line.prefix { $0 != ":" }
        try await slapd.modify(CorporateDirectory.change(user, "replace: \(attribute)\n\(line)"))
    }

    static func fail(_ slapd: Slapd, _ user: String, times: Int) async throws {
        for _ in 0..<times {
            _ = try await ChildProcess.run(
                "ldapwhoami",
                ["-x", "-H", slapd.url, "-D", "uid=\(user),ou=people,dc=example,dc=org", "-w", "wrong-on-purpose"]
            )
        }
    }

    static let rows: [AccountStateRow<Slapd>] = [
        AccountStateRow(
            name: "o-active",
            arrange: { _, _ in },
            right: .letIn(),
            refresh: .goesOn,
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "o-expired",
            arrange: { try await follow("old", $0, $1, wait: true) },
            right: .told(.passwordExpired),
            refresh: .ends(.passwordExpired)
        ),
        AccountStateRow(
            name: "o-grace",
            arrange: { try await follow("grace", $0, $1, wait: true) },
            right: .letIn(warning: "grace logins left: "),
            refresh: .ends(.passwordExpired),
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "o-expiring",
            arrange: { try await follow("expiring", $0, $1) },
            right: .letIn(warning: "the password expires in "),
            refresh: .goesOn,
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "o-must-change",
            arrange: {
                try await follow("must", $0, $1)
                try await set("pwdReset: TRUE", $0, $1)
            },
            right: .told(.mustChangePassword),
            refresh: .ends(.mustChangePassword)
        ),
        AccountStateRow(
            name: "o-reset-without-must",
            arrange: {
                try await follow("lenient", $0, $1)
                try await set("pwdReset: TRUE", $0, $1)
            },
            right: .letIn(),
            refresh: .goesOn,
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "o-locked",
            arrange: { try await fail($0, $1, times: 3) },
            right: .hidden(.locked),
            wrong: .hidden(.locked),
            refresh: .ends(.locked)
        ),
        // The stamp is still in the entry, the lock is not.
        AccountStateRow(
            name: "o-lock-ran-out",
            arrange: {
                try await follow("short-lock", $0, $1)
                try await fail($0, $1, times: 2)
                try await Task.sleep(for: .seconds(2.5))
            },
            right: .letIn(),
            refresh: .goesOn,
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "o-locked-by-admin",
            arrange: { try await set("pwdAccountLockedTime: 000001010000Z", $0, $1) },
            right: .hidden(.locked),
            wrong: .hidden(.locked),
            refresh: .ends(.locked)
        ),
        // A policy that locks nobody out does not count the stamp either.
        AccountStateRow(
            name: "o-stamp-without-lockout",
            arrange: {
                try await follow("lenient", $0, $1)
                try await set("pwdAccountLockedTime: 20260101000000Z", $0, $1)
            },
            right: .letIn(),
            refresh: .goesOn,
            refreshOfNew: .goesOn
        ),
        AccountStateRow(
            name: "o-over",
            arrange: { try await set("pwdEndTime: 20200101000000Z", $0, $1) },
            right: .hidden(.locked),
            wrong: .hidden(.locked),
            refresh: .ends(.accountExpired)
        ),
        AccountStateRow(
            name: "o-not-yet",
            arrange: { try await set("pwdStartTime: 20480101000000Z", $0, $1) },
            right: .hidden(.locked),
            wrong: .hidden(.locked),
            refresh: .ends(.disabled)
        ),
        AccountStateRow(
            name: "o-new-password",
            arrange: { slapd, user in
                // pwdChangedTime counts seconds.
                try await Task.sleep(for: .seconds(1.1))
                try await set("userPassword: another-secret", slapd, user)
            },
            right: .hidden(.wrongPassword),
            refresh: .passwordChanged
        ),
        AccountStateRow(
            name: "o-without-password",
            arrange: { try await $0.modify(CorporateDirectory.change($1, "delete: userPassword")) },
            right: .hidden(.wrongPassword),
            refresh: .passwordChanged
        ),
        AccountStateRow(
            name: "o-deleted",
            arrange: { try await $0.modify("dn: uid=\($1),ou=people,dc=example,dc=org\nchangetype: delete\n\n") },
            right: .hidden(.unknownUser),
            wrong: .hidden(.unknownUser),
            refresh: .ends(.unknownUser),
            binds: 0
        ),
    ]

    private static func policyLDIF(_ name: String, _ lines: String...) -> String {
        "dn: \(policy(name))\nobjectClass: device\nobjectClass: pwdPolicy\ncn: \(name)\npwdAttribute: userPassword\n"
            + lines.map { $0 + "\n" }.joined() + "\n"
    }

    private static let server = Task {
        var options = Slapd.Options()
        options.passwordPolicy = ["pwdLockout": "TRUE", "pwdMaxFailure": "3"]
        options.policyTellsLockout = true
        let slapd = try await Slapd.start(options)
        try await slapd.modify(
            policyLDIF("old", "pwdMaxAge: 1")
                + policyLDIF("grace", "pwdMaxAge: 1", "pwdGraceAuthNLimit: 5")
                + policyLDIF("expiring", "pwdMaxAge: 1000", "pwdExpireWarning: 2000")
                + policyLDIF("must", "pwdMustChange: TRUE")
                + policyLDIF("lenient", "pwdMustChange: FALSE")
                + policyLDIF("short-lock", "pwdLockout: TRUE", "pwdMaxFailure: 2", "pwdLockoutDuration: 1")
        )
        return slapd
    }

    /// The password is set by a modification: an added entry has a pwdChangedTime only where a policy lets passwords age.
    static func add(_ user: String, _ slapd: Slapd) async throws {
        try await slapd.modify(
            """
            dn: uid=\(user),ou=people,dc=example,dc=org
            objectClass: inetOrgPerson
            uid: \(user)
            cn: \(user)
            sn: \(user)

            \(CorporateDirectory.change(user, "replace: userPassword\nuserPassword: right-secret"))

            """
        )
    }

    static func check(_ row: AccountStateRow<Slapd>, at slapd: Slapd) async throws {
        let live = try CorporateDirectory(slapd)
        try await add(row.name, slapd)
        try await row.run(live, slapd, password: "right-secret") {
            // The line is written around the time of the answer.
            try await Task.sleep(for: .milliseconds(50))
            return slapd.bindRequests(dn: "uid=\(row.name),ou=people,dc=example,dc=org")
        }
        await live.directory.shutdown()
    }

    @Test(arguments: rows) func everyState(_ row: AccountStateRow<Slapd>) async throws {
        try await Self.check(row, at: Self.server.value)
    }

    /// Five grace logins are five logins, whatever else happens in between.
    @Test func aGraceLoginIsSpentOnce() async throws {
        let slapd = try await Self.server.value
        let live = try CorporateDirectory(slapd) { $0.dnCache = .seconds(60) }
        try await Self.add("o-five", slapd)
        _ = try await live.identity("o-five", "right-secret")
        try await Self.follow("grace", slapd, "o-five", wait: true)
        for left in [4, 3, 2, 1, 0] {
            let identity = try await live.identity("o-five", "right-secret")
            #expect(identity.notice == "the password has expired; grace logins left: \(left)")
            for _ in 0..<3 { #expect(Refreshed(await live.recheck(identity)) == .goesOn) }
        }
        #expect(Told(await live.login("o-five", "right-secret")) == .told(.passwordExpired))
        await live.directory.shutdown()
    }

    /// pwdFailureTime has a value for each failure the server counted.
    @Test func theCounterMovesByOne() async throws {
        let slapd = try await Self.server.value
        let live = try CorporateDirectory(slapd) { $0.dnCache = .seconds(60) }
        try await Self.add("o-counter", slapd)
        func failures() async throws -> Int {
            let found = try await ChildProcess.run(
                "ldapsearch",
                ["-x", "-LLL", "-H", slapd.url, "-D", slapd.adminDN, "-w", slapd.adminPassword, "-s", "base"]
                    + ["-b", "uid=o-counter,ou=people,dc=example,dc=org", "pwdFailureTime"]
            )
            return LDIF.values(of: "pwdFailureTime", in: found.output).count
        }
        for cached in [false, true] {
            #expect(try await failures() == 0)
            #expect(Told(await live.login("o-counter", "wrong")) == .hidden(.wrongPassword))
            #expect(try await failures() == 1, "cached: \(cached)")
            for _ in 0..<5 { #expect(Told(await live.login("o-counter", "")) == .hidden(.emptyPassword)) }
            #expect(try await failures() == 1)
            _ = try await live.identity("o-counter", "right-secret")
        }
        await live.directory.shutdown()
    }

    /// Which default policy applies is the server's secret: a lock that ran out by one policy and lasts by another lasts.
    @Test func ofSeveralPoliciesAllMustAgree() async throws {
        let slapd = try await Self.server.value
        let live = try CorporateDirectory(slapd)
        try await Self.add("o-unnamed", slapd)
        let before = try await live.identity("o-unnamed", "right-secret")
        try await Task.sleep(for: .seconds(2.5))
        // Too old by two policies of seven.
        #expect(Refreshed(await live.recheck(before)) == .goesOn)
        try await Self.fail(slapd, "o-unnamed", times: 3)
        try await Task.sleep(for: .seconds(2.5))
        #expect(Refreshed(await live.recheck(before)) == .ends(.locked))
        await live.directory.shutdown()
    }

    /// With one policy in the directory, that one is it.
    @Test func theOnlyPolicyIsTheDefault() async throws {
        let policy = ["pwdLockout": "TRUE", "pwdMaxFailure": "2", "pwdLockoutDuration": "1", "pwdMaxAge": "20"]
        var options = Slapd.Options()
        options.passwordPolicy = policy
        options.policyTellsLockout = true
        let slapd = try await Slapd.start(options)
        let live = try CorporateDirectory(slapd)
        try await Self.add("only", slapd)
        let added = ContinuousClock.now
        let before = try await live.identity("only", "right-secret")
        try await Self.fail(slapd, "only", times: 2)
        try await Task.sleep(for: .seconds(2.5))
        #expect(Refreshed(await live.recheck(before)) == .goesOn)
        try await Task.sleep(until: added + .seconds(22), clock: .continuous)
        #expect(Refreshed(await live.recheck(before)) == .ends(.passwordExpired))
        await live.directory.shutdown()
        await slapd.stop()
    }
}
