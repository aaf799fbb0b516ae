import TestSupport
import Testing

/// What somebody hears who changes a password in Active Directory (Samba).
@Suite(.timeLimit(.minutes(10))) struct ActiveDirectoryPasswordTests {
    @Test func everyRuleIsToldInASentence() async throws {
        var options = SambaServer.Options()
        // Otherwise the old one is good for an hour more, as in Windows.
        options.settings = ["old password allowed period = 0"]
        let samba = try await SambaServer.start(options)
        for name in ["alice", "must", "young"] { try await samba.addUser(name, password: "First-secret1") }
        try await samba.requirePasswordChange("must")
        let daemon = try ActiveDirectoryTests.daemon(samba)
        try await daemon.start()
        func change(_ name: String, _ old: String, _ new: String) async throws -> String {
            let answer = try await Curl.form(
                "\(daemon.url)/api/v1/auth/password",
                ["username": name, "password": old, "new_password": new, "LDAPServerId": "1"]
            )
            return answer.status == 204 ? "204" : "\(answer.status) \(answer.text("error_description") ?? answer.body)"
        }
        let own = try await daemon.token([
            "grant_type": "password", "username": "alice", "password": "First-secret1",
        ])
        #expect(try await change("alice", "First-secret1", "Second-secret2") == "204")
        #expect(try await daemon.login("alice", "Second-secret2").status == 200, "the new one at once")
        #expect(try await daemon.login("alice", "First-secret1").status == 400, "the old one no more")
        let refresh = try await daemon.token([
            "grant_type": "refresh_token", "refresh_token": own.text("refresh_token") ?? "",
        ])
        #expect(refresh.text("error_description") == "Session not active", "\(refresh.body)")

        #expect(try await daemon.login("must", "First-secret1").text("error_description") == "Password must be changed")
        #expect(try await change("must", "First-secret1", "Fresh-secret9") == "204")
        #expect(try await daemon.login("must", "Fresh-secret9").status == 200)

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
        let rules = [
            ("wrong", "Third-secret3", "Invalid user credentials"),
            ("Second-secret2", "Second-secret2", "The new password is the same as the present one"),
            ("Second-secret2", "Sh0rt", "The new password is too short: it needs at least 9 characters"),
            (
                "Second-secret2", "onlysmallletters",
                "The new password is too simple: mix letters, digits and other characters, and leave your name out"
            ),
        ]
        for (old, new, sentence) in rules { #expect(try await change("alice", old, new) == "400 \(sentence)") }
        // No UTF-8: told to nobody who has not proved the old password, and counted like any guess.
        let failures = try await samba.badPasswordCount("alice")
        for (name, old, told) in [
            ("nobody", "wrong", "Invalid user credentials"), ("alice", "wrong-too", "Invalid user credentials"),
            ("alice", "Second-secret2", "The new password has characters that cannot be used there"),
        ] {
            let answer = try await Curl.send([
                "\(daemon.url)/api/v1/auth/password", "-d",
                "username=\(name)&password=\(old)&new_password=%FF%FE&LDAPServerId=1",
            ])
            #expect(answer.text("error_description") == told, "\(name) \(old): \(answer.body)")
            if old == "wrong-too" { #expect(try await samba.badPasswordCount("alice") == failures + 1) }
        }
        #expect(try await change("alice", "Second-secret2", "Third-secret3") == "204")
        #expect(
            try await change("alice", "Third-secret3", "Second-secret2")
                == "400 The new password was used before: choose another"
        )
        try await samba.modify(
            "dn: \(samba.suffix)\nchangetype: modify\nreplace: minPwdAge\nminPwdAge: -864000000000\n\n"
        )
        #expect(
            try await change("alice", "Third-secret3", "Fourth-secret4")
                == "400 The password was changed only a short while ago: it can be changed again later"
        )
        for secret in ["First-secret1", "Third-secret3", "Sh0rt"] { #expect(!daemon.log.contains(secret)) }
        await samba.stop()
        #expect(
            try await change("alice", "Third-secret3", "Fifth-secret5") == "503 The directory is not reachable"
        )
        await daemon.stop()
    }
}
