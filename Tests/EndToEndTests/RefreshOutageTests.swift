import TestSupport
import Testing

/// Sessions while their directory is away, without an offline cache, and what it says of their people when it is back.
@Suite(.timeLimit(.minutes(10))) struct RefreshOutageTests {
    static func setting(refreshIdle: String) async throws -> Setting {
        let setting = try await Setting.make(
            { $0.passwordPolicy = ["pwdLockout": "TRUE", "pwdMaxFailure": "50"] },
            sections: "[tokens]\naccess_lifetime = \"2s\"\nrefresh_idle = \"\(refreshIdle)\"\nsession_max = \"1h\""
        )
        try await setting.daemon.start()
        return setting
    }

    /// A session of a person of the sample: its refresh token.
    static func session(_ setting: Setting, _ user: String) async throws -> String {
        let password = try #require(setting.sample.person(user)).password
        let answer = try await setting.daemon.token([
            "grant_type": "password", "username": user, "password": password,
        ])
        #expect(answer.status == 200, "\(answer.body)")
        return try #require(answer.text("refresh_token"))
    }

    static func refresh(_ setting: Setting, _ token: String) async throws -> Curl.Answer {
        try await setting.daemon.token(["grant_type": "refresh_token", "refresh_token": token])
    }

    @Test func anOutageIsBridgedUntilTheIdleEnd() async throws {
        let setting = try await Self.setting(refreshIdle: "20s")
        var token = try await Self.session(setting, "alice")
        let begun = ContinuousClock.now
        await setting.slapd.stop()
        var ends: [Int] = []
        // Its access tokens are renewed, its end is not.
        while ContinuousClock.now - begun < .seconds(10) {
            let answer = try await Self.refresh(setting, token)
            #expect(answer.status == 200, "\(answer.body)")
            token = answer.text("refresh_token") ?? token
            ends.append(answer.number("refresh_expires_in") ?? -1)
            try await Task.sleep(for: .seconds(1.2))
        }
        #expect(ends.count >= 3 && ends == ends.sorted(by: >) && Set(ends).count == ends.count, "\(ends)")
        #expect(ends.allSatisfy { (1...20).contains($0) }, "\(ends)")
        try await Task.sleep(until: begun + .seconds(21), clock: .continuous)
        let over = try await Self.refresh(setting, token)
        #expect(over.status == 400 && over.text("error_description") == "Token is not active", "\(over.body)")
        // And nobody can begin another one.
        let alice = try #require(setting.sample.person("alice"))
        #expect(try await setting.daemon.login("alice", alice.password, directory: 1).status == 503)
        await setting.stop()
    }

    @Test func everybodyIsLookedAtAgainAfterwards() async throws {
        let setting = try await Self.setting(refreshIdle: "2m")
        let (slapd, sample) = (setting.slapd, setting.sample)
        // A change of a password is seen by what an earlier change has written.
        let carol = try #require(sample.person("carol"))
        try await slapd.modify(
            "\(LDIF.line("dn", sample.dn(of: carol)))\nchangetype: modify\nreplace: userPassword\n"
                + "\(LDIF.line("userPassword", carol.password))\n\n"
        )
        let (alice, bob) = (try await Self.session(setting, "alice"), try await Self.session(setting, "bob"))
        let (changed, gone) = (try await Self.session(setting, "carol"), try await Self.session(setting, "dave"))
        await slapd.stop()
        var tokens: [String: String] = [:]
        for (name, token) in [("alice", alice), ("bob", bob), ("carol", changed), ("dave", gone)] {
            let answer = try await Self.refresh(setting, token)
            #expect(answer.status == 200, "\(name) is bridged: \(answer.body)")
            tokens[name] = answer.text("refresh_token")
        }
        try await Task.sleep(for: .seconds(2))
        try await slapd.restart()
        try await slapd.modify(
            """
            dn: \(sample.dn(of: "alice"))
            changetype: modify
            replace: pwdAccountLockedTime
            pwdAccountLockedTime: 000001010000Z

            dn: \(sample.dn(of: "carol"))
            changetype: modify
            replace: userPassword
            userPassword: another-secret

            dn: \(sample.dn(of: "dave"))
            changetype: delete


            """
        )
        // Until the daemon has found it again, bob's session is bridged; then its end is renewed.
        let isBack = try await eventually(within: .seconds(15), every: .milliseconds(200)) {
            let answer = try await Self.refresh(setting, tokens["bob"] ?? "")
            #expect(answer.status == 200, "\(answer.body)")
            tokens["bob"] = answer.text("refresh_token")
            return answer.number("refresh_expires_in") == 120
        }
        #expect(isBack, "\(setting.daemon.log.suffix(2_000))")
        for (name, told) in [("alice", "User disabled"), ("carol", "Session not active"), ("dave", "User disabled")] {
            let answer = try await Self.refresh(setting, tokens[name] ?? "")
            #expect(answer.status == 400 && answer.text("error_description") == told, "\(name): \(answer.body)")
            // The session has ended, for ever.
            let again = try await Self.refresh(setting, tokens[name] ?? "")
            #expect(again.status == 400, "\(name): \(again.body)")
        }
        for part in ["reason=locked", "reason=password-changed", "reason=unknown-user"] {
            #expect(await setting.daemon.logged().contains(part), "\(part)")
        }
        await setting.stop()
    }
}
