import TestSupport
import Testing

/// Ended means ended at once, known means known after a crash.
@Suite struct EndedAtOnceTests {
    private func ask(_ daemon: Daemon, _ path: String, _ token: String, _ arguments: [String] = []) async throws
        -> Curl.Answer
    {
        try await Curl.send(arguments + ["-H", "Authorization: Bearer \(token)", "\(daemon.url)/api/v1/auth/\(path)"])
    }

    private func isActive(_ daemon: Daemon, _ token: String) async throws -> Bool {
        let answer = try await Curl.form(
            "\(daemon.url)/api/v1/auth/introspect",
            ["token": token],
            ["-u", "web:web-secret"]
        )
        #expect(answer.status == 200)
        return answer.body.contains("\"active\":true")
    }

    @Test func userInfoSurvivesACrash() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        let login = try await daemon.token(["grant_type": "password", "username": "alice", "password": alice.password])
        let token = try #require(login.text("access_token"))
        let ended = try await daemon.token(["grant_type": "password", "username": "alice", "password": alice.password])
        let endedToken = try #require(ended.text("access_token"))
        #expect(try await ask(daemon, "logout", endedToken, ["-X", "POST"]).status == 204)
        daemon.kill()
        // The directory is gone, too: nobody is asked.
        await setting.slapd.stop()
        try await daemon.start()
        let person = try await ask(daemon, "userinfo", token)
        #expect(person.status == 200, "\(person.body)")
        #expect(person.text("preferred_username") == "alice")
        #expect(person.text("given_name") == alice.givenName)
        #expect(person.text("family_name") == alice.surname)
        #expect(person.text("email") == alice.mail)
        for group in alice.nestedGroups { #expect(person.body.contains("\"\(group)\"")) }
        let door = try await ask(daemon, "verify", token)
        #expect(door.status == 200)
        #expect(door.headers["x-auth-user"] == "alice")
        #expect(door.headers["x-auth-email"] == alice.mail)
        #expect(try await isActive(daemon, token))
        for path in ["userinfo", "verify", "sessions"] {
            #expect(try await ask(daemon, path, endedToken).status == 401, "an ended session stays ended")
        }
        #expect(try await !isActive(daemon, endedToken))
        await setting.stop()
    }

    @Test func sessionsAreListedAndEnded() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        let web = try await daemon.token(["grant_type": "password", "username": "alice", "password": alice.password])
        let token = try #require(web.text("access_token"))
        let login = try await daemon.login("alice", alice.password, directory: 1)
        let number = try #require(login.number("DTTSessionId"))
        let other = try #require(login.text("access_token"))
        let list = try await ask(daemon, "sessions", token)
        #expect(list.status == 200)
        #expect(list.body.contains("\"DTTSessionId\":\(number),"))
        #expect(list.body.contains("\"user_agent\":\"curl/"))
        #expect(list.body.contains("\"current\":true") && list.body.contains("\"current\":false"))
        #expect(try await ask(daemon, "sessions/\(number)", token, ["-X", "DELETE"]).status == 204)
        #expect(try await ask(daemon, "sessions/\(number)", token, ["-X", "DELETE"]).status == 404)
        for path in ["userinfo", "verify", "sessions"] { #expect(try await ask(daemon, path, other).status == 401) }
        #expect(try await ask(daemon, "verify", token).status == 200)
        let revoked = try await Curl.form(
            "\(daemon.url)/api/v1/auth/revoke",
            ["token": try #require(web.text("refresh_token"))],
            ["-u", "web:web-secret"]
        )
        #expect(revoked.status == 200)
        #expect(try await ask(daemon, "verify", token).status == 401)
        #expect(try await !isActive(daemon, token))
        let log = await daemon.logged()
        #expect(log.contains("event=revoke") && log.contains("event=logout"), "\(log.suffix(2000))")
        #expect(!daemon.log.contains(token) && !daemon.log.contains(alice.password))
        await setting.stop()
    }

    @Test func aDisabledAccountIsOutWithinASecondWithTokenAndPassword() async throws {
        let daemon = try Daemon(
            """
            [local]
            argon2_memory = "64KiB"
            [[client]]
            id = "login"
            grants = ["password"]
            """
        )
        #expect(try await daemon.command(["user", "add", "lisa", "--password-file", "-"], input: "pw").succeeded)
        try await daemon.start()
        func basic() async throws -> Int {
            try await Curl.send(["-u", "lisa:pw", "\(daemon.url)/api/v1/auth/verify"]).status
        }
        // Only by password first: she has no session that could be ended.
        #expect(try await basic() == 200)
        #expect(try await daemon.command(["user", "disable", "lisa"]).succeeded)
        #expect(try await eventually(within: .seconds(3)) { try await basic() == 401 })
        #expect(try await daemon.command(["user", "enable", "lisa"]).succeeded)
        let token = try #require(try await daemon.login("lisa", "pw").text("access_token"))
        #expect(try await ask(daemon, "verify", token).status == 200)
        #expect(try await basic() == 200)
        #expect(try await daemon.command(["user", "password", "lisa", "--password-file", "-"], input: "two").succeeded)
        #expect(try await eventually(within: .seconds(3)) { try await ask(daemon, "verify", token).status == 401 })
        #expect(try await eventually(within: .seconds(3)) { try await basic() == 401 })
        #expect(try await ask(daemon, "userinfo", token).status == 401)
        await daemon.stop()
    }

    @Test func insideASession() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        let bob = try #require(setting.sample.person("bob"))
        func inSession(_ person: SampleDirectory.Person, bearer: String?) async throws -> Curl.Answer {
            try await Curl.form(
                "\(daemon.url)/token",
                [
                    "grant_type": "password", "username": person.uid, "password": person.password,
                    "LDAPServerId": "1", "IsInSessionAuth": "1",
                ],
                bearer.map { ["-H", "Authorization: Bearer \($0)"] } ?? []
            )
        }
        let first = try await daemon.login("alice", alice.password, directory: 1)
        let second = try await daemon.login("alice", alice.password, directory: 1)
        let token = try #require(first.text("access_token"))
        let goesOn = try await inSession(alice, bearer: token)
        #expect(goesOn.number("DTTSessionId") == first.number("DTTSessionId"))
        #expect(try await inSession(alice, bearer: nil).number("DTTSessionId") == second.number("DTTSessionId"))
        let bobs = try await inSession(bob, bearer: nil)
        #expect(bobs.status == 200, "none of his own goes on: one opens")
        #expect(bobs.number("DTTSessionId") != first.number("DTTSessionId"))
        let foreign = try await inSession(bob, bearer: token)
        #expect(foreign.status == 400)
        #expect(foreign.text("error") == "invalid_grant")
        #expect(try await ask(daemon, "logout", token, ["-X", "POST"]).status == 204)
        #expect(try await inSession(alice, bearer: token).status == 401)
        let newToken = try #require(goesOn.text("access_token"))
        #expect(try await ask(daemon, "verify", newToken).status == 401, "the same session, whichever token ended it")
        await setting.stop()
    }
}
