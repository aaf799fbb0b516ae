import TestSupport
import Testing

/// What the whole log says, and never says.
@Suite struct LogTests {
    /// Every daemon's log is searched when it ends (`Daemon.stop()`); this one is shown secrets wherever they may come.
    @Test func noSecretIsLoggedAtAnyLevel() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        #expect(text(ofFile: daemon.configurationFile).contains("level = \"trace\""))
        let added = try await daemon.command(
            ["user", "add", "lisa", "--password-file", "-"],
            input: "lisa-Geheim%1\n"
        )
        #expect(added.succeeded, "\(added.errorOutput)")
        try await daemon.start()
        for person in setting.sample.people {
            _ = try await daemon.login(person.uid, person.password, directory: 1)
            _ = try await daemon.token([
                "grant_type": "password", "username": person.uid, "password": person.password,
            ])
        }
        _ = try await daemon.login("lisa", "lisa-Geheim%1")
        _ = try await daemon.login("alice", "wrong Secret+3", directory: 1)
        let alice = try #require(setting.sample.person("alice"))
        let session = try await daemon.token([
            "grant_type": "password", "username": "alice", "password": alice.password,
        ])
        let first = try #require(session.text("refresh_token"))
        _ = try await daemon.token(["grant_type": "refresh_token", "refresh_token": first])
        _ = try await daemon.token(["grant_type": "client_credentials"])
        _ = try await Curl.form(
            "\(daemon.url)/api/v1/auth/token",
            ["grant_type": "client_credentials"],
            ["-u", "web:no-such-secret"]
        )
        try await verifyAndChange(daemon, alice.password, token: try #require(session.text("access_token")))
        // Where a password does not belong: the query, a broken body, a wrong media type.
        _ = try await Curl.send(["\(daemon.url)/token?password=wrong%20Secret%2B3"])
        for type in ["application/json", "application/xml", "text/plain", "application/x-www-form-urlencoded"] {
            _ = try await Curl.send(
                ["-H", "Content-Type: \(type)", "\(daemon.url)/token"],
                body: Array("{\"Password\": \"wrong Secret+3\" <Password>no-such-secret".utf8)
            )
        }
        #expect(try await daemon.reload().succeeded)
        // And through an outage.
        await setting.slapd.stop()
        _ = try await daemon.login("alice", alice.password, directory: 1)
        await daemon.stop()

        let log = daemon.log
        #expect(log.contains("trace") || log.contains("debug"), "a log without detail proves nothing")
        #expect(KnownSecrets.shared.count > 100)
        await setting.stop()
    }

    /// Passwords at the two endpoints that are not for logging in, right and wrong.
    private func verifyAndChange(_ daemon: Daemon, _ password: String, token: String) async throws {
        let base = "\(daemon.url)/api/v1/auth"
        for (user, guess) in [("alice", password), ("alice", "wrong Secret+4"), ("lisa", "lisa-Geheim%1")] {
            _ = try await Curl.send(["\(base)/verify", "-u", "\(user):\(guess)"])
        }
        let changes: [(String, String, String, Int)] = [
            ("lisa", "wrong Secret+5", "lisa-Neu\"2", 400), ("lisa", "lisa-Geheim%1", "lisa-Neu\"2", 204),
            ("alice", password, "alice Neu&3", 204),
        ]
        for (user, old, new, status) in changes {
            let fields: KeyValuePairs = ["username": user, "password": old, "new_password": new]
            #expect(try await Curl.form("\(base)/password", fields).status == status)
        }
        _ = try await Curl.form(
            "\(base)/password",
            ["password": "wrong Secret+6", "new_password": "alice Neu&4"],
            ["-H", "Authorization: Bearer \(token)"]
        )
    }

    @Test func aSecretInTheLogWouldBeFound() async throws {
        let setting = try await Setting.make()
        try await setting.daemon.start()
        // Typed where the name belongs, a password is a name, and logged.
        #expect(try await setting.daemon.login("typed-in-the-wrong-field", "x").status == 400)
        await setting.stop()
        let secrets = KnownSecrets()
        secrets.add("typed-in-the-wrong-field")
        #expect(try await !secrets.leaks(inFile: setting.daemon.home.path(of: "log")).isEmpty)
    }

    @Test func theRequestIDOfTheAnswerIsInTheLogAndFail2banFindsTheAddress() async throws {
        let setting = try await Setting.make(http: "trusted_proxies = [\"127.0.0.1\"]")
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        func login(_ user: String, _ password: String, from address: String) async throws -> Curl.Answer {
            try await Curl.form(
                "\(daemon.url)/token",
                ["grant_type": "password", "username": user, "password": password, "LDAPServerId": "1"],
                ["-H", "X-Forwarded-For: \(address)"]
            )
        }
        let good = try await login("alice", alice.password, from: "192.0.2.1")
        #expect(good.status == 200)
        let wrong = try await login("alice", "wrong", from: "192.0.2.2")
        _ = try await login("nobody", "x", from: "2001:db8::3")
        // A name that pretends to be a line of its own.
        _ = try await login(
            "x address=192.0.2.9 reason=wrong-password\n2026-01-01T00:00:00.000Z notice audit: login refused "
                + "event=login.refused user=y address=192.0.2.9 reason=wrong-password",
            "x",
            from: "192.0.2.4"
        )
        for answer in [good, wrong] {
            let id = try #require(answer.headers["x-request-id"])
            #expect(
                await eventually { audit(with: id, in: daemon.log) != nil },
                "\(id)"
            )
        }
        await setting.slapd.stop()
        #expect(try await login("alice", alice.password, from: "192.0.2.5").status == 503)
        await daemon.stop()

        let outcome = try await ChildProcess.run(
            "fail2ban-regex",
            [
                "--print-all-matched", "-v", daemon.home.path(of: "log"),
                "\(Daemon.repository)/packaging/fail2ban/filter.d/ldapauthd.conf",
            ]
        )
        #expect(outcome.output.contains("3 matched"), "\(outcome.output.suffix(6000))\(outcome.errorOutput)")
        for address in ["192.0.2.2", "2001:db8::3", "192.0.2.4"] {
            #expect(outcome.output.contains("|      \(address)  "), "\(address)")
        }
        for address in ["192.0.2.1", "192.0.2.5", "192.0.2.9"] {
            #expect(!outcome.output.contains("|      \(address)  "), "\(address)")
        }
        // As fail2ban puts a line together from the journal, whose date it has aside.
        let journal = daemon.log.split(separator: "\n").filter { $0.contains("notice audit: ") }
            .map { $0.replacing("notice audit:", with: "machine ldapauthd[4711]:", maxReplacements: 1) }
        let file = try daemon.home.write(journal.joined(separator: "\n") + "\n", to: "journal")
        let fromJournal = try await ChildProcess.run(
            "fail2ban-regex",
            [file, "\(Daemon.repository)/packaging/fail2ban/filter.d/ldapauthd.conf"]
        )
        #expect(fromJournal.output.contains("3 matched"), "\(fromJournal.output.suffix(3000))")
        await setting.stop()
    }

    private func audit(with id: String, in log: String) -> Substring? {
        log.split(separator: "\n").first { $0.contains(" audit: ") && $0.contains("request_id=\(id)") }
    }
}
