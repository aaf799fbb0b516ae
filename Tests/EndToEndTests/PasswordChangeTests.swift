import TestSupport
import Testing

/// POST /api/v1/auth/password by curl, at a directory with a policy and for a local account.
@Suite struct PasswordChangeTests {
    private func change(_ daemon: Daemon, _ fields: KeyValuePairs<String, String>, bearer: String? = nil) async throws
        -> Curl.Answer
    {
        let header = bearer.map { ["-H", "Authorization: Bearer \($0)"] } ?? []
        return try await Curl.form("\(daemon.url)/api/v1/auth/password", fields, header)
    }

    @Test func aPersonOfADirectoryChangesThePassword() async throws {
        let setting = try await Setting.make {
            $0.passwordPolicy = ["pwdCheckQuality": "2", "pwdMinLength": "8", "pwdInHistory": "2"]
        }
        let daemon = setting.daemon
        try await daemon.start()
        let old = try #require(setting.sample.person("alice")?.password)
        let own = try await daemon.token(["grant_type": "password", "username": "alice", "password": old])
        let other = try await daemon.token(["grant_type": "password", "username": "alice", "password": old])
        let bearer = try #require(own.text("access_token"))

        let wrong = try await change(daemon, ["password": "wrong", "new_password": "second-secret"], bearer: bearer)
        #expect(wrong.status == 400 && wrong.text("error_description") == "Invalid user credentials")
        let short = try await change(daemon, ["password": old, "new_password": "short"], bearer: bearer)
        #expect(short.status == 400 && short.text("error") == "invalid_request")
        #expect(short.text("error_description") == "The new password is too short")
        let changed = try await change(daemon, ["password": old, "new_password": "second-secret"], bearer: bearer)
        #expect(changed.status == 204 && changed.body.isEmpty, "\(changed.body)")
        #expect(changed.headers["cache-control"] == "no-store")

        #expect(
            try await daemon.login("alice", "second-secret", directory: 1).status == 200,
            "the new one works at once"
        )
        #expect(try await daemon.login("alice", old, directory: 1).status == 400, "the old one no more")
        let goesOn = try await daemon.token([
            "grant_type": "refresh_token", "refresh_token": own.text("refresh_token") ?? "",
        ])
        #expect(goesOn.status == 200, "the own session goes on: \(goesOn.body)")
        let ended = try await daemon.token([
            "grant_type": "refresh_token", "refresh_token": other.text("refresh_token") ?? "",
        ])
        #expect(ended.text("error_description") == "Session not active", "other sessions end: \(ended.body)")

        let back = try await change(
            daemon,
            ["username": "CORP\\alice", "password": "second-secret", "new_password": old]
        )
        #expect(back.text("error_description") == "The new password was used before: choose another", "\(back.body)")
        let third = try await Curl.send(
            ["-H", "Content-Type: application/json", "\(daemon.url)/api/v1/auth/password"],
            body: Array(
                #"{"username":"alice","password":"second-secret","new_password":"third-secret","LDAPServerId":1}"#.utf8
            )
        )
        #expect(third.status == 204, "\(third.body)")
        let afterwards = try await daemon.token([
            "grant_type": "refresh_token", "refresh_token": goesOn.text("refresh_token") ?? "",
        ])
        #expect(afterwards.status == 400, "without a bearer every session ends")
        let lines = await daemon.logged().split(separator: "\n").filter {
            $0.contains("event=password") || $0.contains("password ")
        }
        #expect(lines.contains { $0.contains("alice") && $0.contains("too-short") }, "\(lines)")
        for secret in ["second-secret", "third-secret", old] { #expect(!daemon.log.contains(secret)) }
        await setting.stop()
    }

    @Test func whoMustChangeCanAndIsLetInAfterwards() async throws {
        let setting = try await Setting.make { $0.passwordPolicy = ["pwdMustChange": "TRUE", "pwdCheckQuality": "0"] }
        try await setting.slapd.modify(
            "dn: \(setting.sample.dn(of: "bob"))\nchangetype: modify\nadd: pwdReset\npwdReset: TRUE\n"
        )
        let daemon = setting.daemon
        try await daemon.start()
        let old = try #require(setting.sample.person("bob")?.password)
        #expect(
            try await daemon.login("bob", old, directory: 1).text("error_description") == "Password must be changed"
        )
        let changed = try await change(daemon, ["username": "bob", "password": old, "new_password": "my-own-one"])
        #expect(changed.status == 204, "\(changed.body)")
        #expect(try await daemon.login("bob", "my-own-one", directory: 1).status == 200)
        await setting.stop()
    }

    @Test func aLocalAccountChangesItsPassword() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        let added = try await daemon.command(["user", "add", "Lisa", "--password-file", "-"], input: "lisa-pw\n")
        #expect(added.succeeded, "\(added.errorOutput)")
        try await daemon.start()
        #expect(try await daemon.login("lisa", "lisa-pw").status == 200)
        let same = try await change(daemon, ["username": "lisa", "password": "lisa-pw", "new_password": "lisa-pw"])
        #expect(same.text("error_description") == "The new password is the same as the present one")
        let changed = try await change(daemon, ["username": "LISA", "password": "lisa-pw", "new_password": "lisa-2"])
        #expect(changed.status == 204, "\(changed.body)")
        #expect(try await daemon.login("lisa", "lisa-2").status == 200)
        #expect(try await daemon.login("lisa", "lisa-pw").status == 400)
        for (fields, text) in [
            (["username": "lisa", "password": "wrong", "new_password": "x"], "Invalid user credentials"),
            (["username": "nobody", "password": "wrong", "new_password": "x"], "Invalid user credentials"),
            (["username": "lisa", "password": "x"], "Missing parameter: new_password"),
            (["username": "lisa", "new_password": "x"], "Missing parameter: password"),
            (["password": "lisa", "new_password": "x"], "Missing parameter: username"),
            (
                ["username": "lisa", "password": "lisa-2", "new_password": "x", "LDAPServerId": "7"],
                "Unknown LDAP server id"
            ),
        ] as [(KeyValuePairs<String, String>, String)] {
            let answer = try await change(daemon, fields)
            #expect(answer.status == 400 && answer.text("error_description") == text, "\(fields): \(answer.body)")
        }
        let bearer = try await change(daemon, ["password": "lisa-2", "new_password": "x"], bearer: "nonsense")
        #expect(bearer.status == 401 && bearer.headers["www-authenticate"] == "Bearer error=\"invalid_token\"")
        let wrongMethod = try await Curl.send(["\(daemon.url)/api/v1/auth/password"])
        #expect(wrongMethod.status == 405 && wrongMethod.headers["allow"] == "POST")
        await setting.stop()
    }

    @Test func theCommandChangesThePasswordOfADirectorysPerson() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        let old = try #require(setting.sample.person("alice")?.password)
        try daemon.home.write("\(old)\n", to: "old")
        try daemon.home.write("nope\n", to: "wrong")
        let refused = try await daemon.command(
            [
                "user", "password", "corp:alice", "--old-password-file", daemon.home.path(of: "wrong"),
                "--password-file", "-",
            ],
            input: "new-secret\n"
        )
        #expect(!refused.succeeded && refused.errorOutput.contains("wrong"), "\(refused.errorOutput)")
        let changed = try await daemon.command(
            [
                "user", "password", "corp:alice", "--old-password-file", daemon.home.path(of: "old"), "--password-file",
                "-",
            ],
            input: "new-secret\n"
        )
        #expect(changed.succeeded, "\(changed.errorOutput)")
        try await daemon.start()
        #expect(try await daemon.login("alice", "new-secret", directory: 1).status == 200)
        let unknown = try await daemon.command(
            ["user", "password", "partner:alice", "--password-file", "-"],
            input: "x\n"
        )
        #expect(unknown.errorOutput.contains("partner"), "\(unknown.errorOutput)")
        await setting.stop()
    }
}
