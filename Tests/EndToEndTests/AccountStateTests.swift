import TestSupport
import Testing

/// What callers hear and the audit log tells of accounts that are not in order, on the real daemon.
@Suite(.timeLimit(.minutes(10))) struct AccountStateTests {
    static func policies(_ slapd: Slapd) async throws {
        let policies = [
            ("grace", "pwdMaxAge: 1\npwdGraceAuthNLimit: 5"), ("old", "pwdMaxAge: 1"),
            ("expiring", "pwdMaxAge: 1000\npwdExpireWarning: 2000"), ("must", "pwdMustChange: TRUE"),
        ]
        for (name, lines) in policies {
            try await slapd.modify(
                """
                dn: cn=\(name),ou=policies,dc=example,dc=org
                objectClass: device
                objectClass: pwdPolicy
                cn: \(name)
                pwdAttribute: userPassword
                \(lines)


                """
            )
        }
    }

    /// The audit line of the last login of somebody.
    static func line(of user: String, _ daemon: Daemon) async -> String {
        await daemon.logged().split(separator: "\n")
            .last { $0.contains(" event=login") && $0.contains(" user=\(user) ") }.map(String.init) ?? ""
    }

    /// A person, what the directory is told of the account, what the caller hears (nil: is let in), and parts of the audit line.
    struct Row: Sendable {
        var user: String
        var change: String
        var told: String?
        var audit: [String]
    }

    static func check(_ rows: [Row], _ setting: SampleDirectory, _ daemon: Daemon) async throws {
        for row in rows {
            let password = try #require(setting.person(row.user)).password
            for attempt in [password, "wrong"] {
                let answer = try await daemon.login(row.user, attempt, directory: 1)
                let isRight = attempt == password
                let description = answer.text("error_description")
                #expect(answer.status == (isRight && row.told == nil ? 200 : 400), "\(row.user): \(answer.body)")
                if answer.status == 400 {
                    #expect(description == (isRight ? row.told : "Invalid user credentials"), "\(row.user)")
                }
                guard isRight else { continue }
                let line = await line(of: row.user, daemon)
                let event = row.told == nil ? "event=login " : "event=login.refused "
                for part in [event, "source=corp", "client=login", "host="] + row.audit {
                    #expect(line.contains(part), "\(row.user): \(part) in \(line)")
                }
                #expect(!line.contains(password))
            }
        }
    }

    @Test func atOpenLDAP() async throws {
        let setting = try await Setting.make { $0.passwordPolicy = ["pwdLockout": "TRUE", "pwdMaxFailure": "50"] }
        let (slapd, sample) = (setting.slapd, setting.sample)
        try await Self.policies(slapd)
        let own = { (policy: String) in "pwdPolicySubentry: cn=\(policy),ou=policies,dc=example,dc=org" }
        let rows = [
            Row(
                user: "alice",
                change: own("grace"),
                audit: ["detail=\"the password has expired; grace logins left: 4\""]
            ),
            Row(user: "bob", change: own("expiring"), audit: ["detail=\"the password expires in ", " s\""]),
            Row(
                user: "carol",
                change: "pwdStartTime: 20480101000000Z",
                told: "Invalid user credentials",
                audit: ["reason=disabled", "; pwdStartTime is 20480101000000Z"]
            ),
            Row(
                user: "dave",
                change: "pwdAccountLockedTime: 000001010000Z",
                told: "Invalid user credentials",
                audit: ["reason=locked", "; pwdAccountLockedTime is 000001010000Z"]
            ),
            Row(user: "ada", change: own("old"), told: "Password expired", audit: ["reason=password-expired"]),
        ]
        for row in rows {
            let dn = sample.dn(of: row.user)
            let attribute = row.change.prefix { $0 != ":" }
            let password = try #require(sample.person(row.user)).password
            // A password that was modified has an age.
            try await slapd.modify(
                "\(LDIF.line("dn", dn))\nchangetype: modify\nreplace: userPassword\n"
                    + "\(LDIF.line("userPassword", password))\n-\nreplace: \(attribute)\n\(row.change)\n\n"
            )
        }
        try await setting.daemon.start()
        try await Task.sleep(for: .seconds(2.5))
        try await Self.check(rows, sample, setting.daemon)
        await setting.stop()
    }

    @Test func at389DirectoryServer() async throws {
        var options = DirectoryServer389.Options()
        options.policy = [
            "passwordExp": "on", "passwordMaxAge": "8640000", "passwordWarning": "0", "passwordGraceLimit": "5",
            "passwordLockout": "on", "passwordMaxFailure": "3", "nsslapd-pwpolicy-local": "on",
        ]
        let server = try await DirectoryServer389.start(options)
        let sample = SampleDirectory()
        try await server.modify(
            """
            dn: cn=policies,dc=example,dc=org
            objectClass: nsContainer
            cn: policies

            dn: cn=expiring,cn=policies,dc=example,dc=org
            objectClass: ldapsubentry
            objectClass: passwordpolicy
            objectClass: extensibleObject
            cn: expiring
            passwordExp: on
            passwordMaxAge: 8640000
            passwordWarning: 8640000


            """
        )
        let rows = [
            Row(
                user: "alice",
                change: "passwordExpirationTime: 20260101000000Z",
                audit: ["detail=\"the password has expired; grace logins left: "]
            ),
            Row(
                user: "bob",
                change: "pwdPolicySubentry: cn=expiring,cn=policies,dc=example,dc=org",
                audit: ["detail=\"the password expires in ", " s\""]
            ),
            Row(
                user: "carol",
                change: "nsAccountLock: TRUE",
                told: "Invalid user credentials",
                audit: ["reason=disabled", "Account inactivated"]
            ),
            Row(
                user: "dave",
                change: "accountUnlockTime: 20480101000000Z\n-\nreplace: passwordRetryCount\npasswordRetryCount: 3",
                told: "Invalid user credentials",
                audit: ["reason=locked", "Exceed password retry limit"]
            ),
        ]
        for row in rows {
            let attribute = row.change.prefix { $0 != ":" }
            try await server.modify(
                "\(LDIF.line("dn", sample.dn(of: row.user)))\nchangetype: modify\nreplace: \(attribute)\n\(row.change)\n\n"
            )
        }
        let daemon = try Daemon(
            """
            [authentication]
            order = ["corp", "local"]
            login_client = "login"
            \(Setting.people(of: server, Setting.timeouts))
            \(Setting.clients())
            """,
            secrets: ["service.secret": server.servicePassword, "web.secret": "web-secret\n"]
        )
        try await daemon.start()
        try await Self.check(rows, sample, daemon)
        await daemon.stop()
        await server.stop()
    }

    /// slapd answers a locked person like a wrong password; that is never remembered of the right one.
    @Test func whoIsUnlockedIsLetInAtOnce() async throws {
        let setting = try await Setting.make(
            { $0.passwordPolicy = ["pwdLockout": "TRUE", "pwdMaxFailure": "3"] },
            sections: "[throttle]\naccount_failures = 20\nrepeat_memory = \"10m\""
        )
        let (daemon, slapd) = (setting.daemon, setting.slapd)
        let alice = try #require(setting.sample.person("alice"))
        let dn = setting.sample.dn(of: alice)
        try await daemon.start()
        let before = try await daemon.token([
            "grant_type": "password", "username": "alice", "password": alice.password,
        ])
        #expect(before.status == 200, "\(before.body)")
        for number in 0..<3 {
            #expect(try await daemon.login("alice", "guess \(number)", directory: 1).status == 400)
        }
        for _ in 0..<2 {
            let locked = try await daemon.login("alice", alice.password, directory: 1)
            #expect(locked.status == 400 && locked.text("error_description") == "Invalid user credentials")
            let line = await Self.line(of: "alice", daemon)
            #expect(
                line.contains("reason=locked") && line.contains("host=") && line.contains("pwdAccountLockedTime"),
                "\(line)"
            )
        }
        // The old password of a change is looked at the same way.
        let change = try await Curl.form(
            "\(daemon.url)/api/v1/auth/password",
            ["username": "alice", "password": alice.password, "new_password": "Brand-new-3", "LDAPServerId": "1"]
        )
        #expect(
            change.status == 400 && change.text("error_description") == "Invalid user credentials",
            "\(change.body)"
        )
        let refused = try await daemon.token([
            "grant_type": "refresh_token", "refresh_token": before.text("refresh_token") ?? "",
        ])
        #expect(refused.status == 400 && refused.text("error_description") == "User disabled", "\(refused.body)")
        try await slapd.modify("dn: \(dn)\nchangetype: modify\ndelete: pwdAccountLockedTime\n\n")
        let after = try await daemon.login("alice", alice.password, directory: 1)
        #expect(after.status == 200, "\(after.body)")

        // What was proved wrong is remembered all the same: one bind for five attempts.
        for _ in 0..<5 { #expect(try await daemon.login("alice", "old telephone", directory: 1).status == 400) }
        let wrongs = await daemon.logged().split(separator: "\n").filter {
            $0.contains("the same password was refused a moment ago")
        }
        #expect(wrongs.count == 4, "\(wrongs)")
        await setting.stop()
    }
}
