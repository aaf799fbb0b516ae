import TestSupport
import Testing

/// A password typed into curl, verified by a real directory, answered as a token.
@Suite struct LoginTests {
    @Test func everybodyLogsInInEveryFormat() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        for person in setting.sample.people where person.uid != "twin" {
            let answer = try await daemon.login(person.uid, person.password, directory: 1)
            #expect(answer.status == 200, "\(person.uid): \(answer.body)")
            let surname = person.surname.split(separator: "\"", omittingEmptySubsequences: false).joined(
                separator: "\\\""
            )
            #expect(answer.body.contains("\"lastName\":\"\(surname)\""), "\(person.uid): \(answer.body)")
        }
        let person = try #require(setting.sample.person("alice"))
        let json = try await Curl.send(
            ["-H", "Content-Type: application/json", "\(daemon.url)/TOKEN/"],
            body: Array(
                "{\"Grant_type\":\"password\",\"UserName\":\"alice\",\"Password\":\"\(person.password)\",\"LDAPServerId\":\"1\"}"
                    .utf8
            )
        )
        #expect(json.status == 200)
        #expect(json.headers["content-type"] == "application/json; charset=utf-8")
        #expect(json.headers["cache-control"] == "no-store")
        let namespace = "http://schemas.datacontract.org/2004/07/TechExcel.DevTrackApi.Bindings"
        let xml = try await Curl.send(
            ["-H", "Content-Type: text/xml", "-H", "Accept:", "\(daemon.url)/token"],
            body: Array(
                """
                <LoginBinding xmlns="\(namespace)"><Grant_type>password</Grant_type><LDAPServerId>1</LDAPServerId>\
                <Password>\(person.password)</Password><UserName>alice</UserName></LoginBinding>
                """.utf8
            )
        )
        #expect(xml.status == 200)
        #expect(xml.headers["content-type"] == "text/xml; charset=utf-8")
        #expect(xml.body.hasPrefix("<TokenModel xmlns:i="))
        let first = try #require(json.number("userId"))
        #expect(xml.body.contains("<userId>\(first)</userId>"), "the same person, the same number")
        await setting.stop()
    }

    @Test func refusalsOutagesAndFallbacksAreToldApart() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        let added = try await daemon.command(
            ["user", "add", "Lisa", "--first-name", "Lisa", "--last-name", "Local", "--password-file", "-"],
            input: "lisa-pw\n"
        )
        #expect(added.succeeded, "\(added.errorOutput)")
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))

        let wrong = try await daemon.login("alice", "wrong", directory: 1)
        #expect(wrong.status == 400)
        #expect(
            wrong.body
                == "{\"Message\":\"Invalid user credentials\",\"error\":\"invalid_grant\",\"error_description\":\"Invalid user credentials\"}"
        )
        #expect(try await daemon.login("nobody", "x", directory: 1).body == wrong.body)
        #expect(try await daemon.login("twin", "x", directory: 1).body == wrong.body)
        #expect(
            try await daemon.login("alice", alice.password, directory: 9).text("error_description")
                == "Unknown LDAP server id"
        )
        #expect(
            try await daemon.login("lisa", "lisa-pw", directory: 1).text("firstName") == "Lisa",
            "fallback: unknown there"
        )
        #expect(try await daemon.login("LISA", "lisa-pw").status == 200)
        #expect(try await daemon.login("alice", alice.password).status == 400, "no LDAPServerId: the local accounts")
        for name in ["alice", "CORP\\alice", "ALICE@corp.example"] {
            let answer = try await daemon.token([
                "grant_type": "password", "username": name, "password": alice.password,
            ])
            #expect(answer.status == 200, "\(name): \(answer.body)")
        }

        await setting.slapd.stop()
        let outage = try await daemon.login("alice", alice.password, directory: 1)
        #expect(outage.status == 503)
        #expect(outage.text("error") == "temporarily_unavailable")
        #expect(outage.headers["retry-after"] != nil)
        #expect(try await daemon.login("lisa", "lisa-pw", directory: 1).status == 200, "fallback: directory down")
        #expect(try await daemon.login("lisa", "wrong", directory: 1).status == 503)

        try await setting.slapd.restart()
        let isBack = try await eventually(within: .seconds(10)) {
            try await daemon.login("alice", alice.password, directory: 1).status == 200
        }
        #expect(isBack, "the directory is back, and so must be its people")
        await setting.stop()
    }

    @Test func anOAuthSessionFromLoginToReuse() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        let login = try await daemon.token(["grant_type": "password", "username": "alice", "password": alice.password])
        #expect(login.status == 200, "\(login.body)")
        #expect(login.text("scope") == "read")
        let first = try #require(login.text("refresh_token"))
        let second = try await daemon.token(["grant_type": "refresh_token", "refresh_token": first])
        #expect(second.status == 200, "\(second.body)")
        #expect(second.text("session_state") == login.text("session_state"))
        let repeated = try await daemon.token(["grant_type": "refresh_token", "refresh_token": first])
        #expect(repeated.text("refresh_token") == second.text("refresh_token"), "a lost answer is given again")
        let machine = try await daemon.token(["grant_type": "client_credentials"])
        #expect(machine.status == 200)
        #expect(machine.body.contains("\"refresh_token\":null"))
        let stranger = try await Curl.form(
            "\(daemon.url)/api/v1/auth/token",
            ["grant_type": "client_credentials"],
            ["-u", "web:no"]
        )
        #expect(stranger.status == 401)
        #expect(stranger.headers["www-authenticate"] == "Basic realm=\"ldapauthd\"")
        await setting.stop()
    }

    @Test func aKilledDaemonLosesNoAnsweredLogin() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        var sessions: [String] = []
        for _ in 0..<5 {
            let login = try await daemon.token([
                "grant_type": "password", "username": "alice", "password": alice.password,
            ])
            sessions.append(try #require(login.text("refresh_token")))
        }
        let before = try await daemon.login("alice", alice.password, directory: 1)
        daemon.kill()
        try await daemon.start()
        for session in sessions {
            let refreshed = try await daemon.token(["grant_type": "refresh_token", "refresh_token": session])
            #expect(refreshed.status == 200, "\(refreshed.body)")
        }
        let after = try await daemon.login("alice", alice.password, directory: 1)
        #expect(after.number("userId") == before.number("userId"))
        #expect(after.number("DTTSessionId") != before.number("DTTSessionId"))
        await setting.stop()
    }
}
