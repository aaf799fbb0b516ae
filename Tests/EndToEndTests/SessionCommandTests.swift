import TestSupport
import Testing

/// Sessions, revocations and keys by command, beside a daemon that runs.
@Suite struct SessionCommandTests {
    static let configuration = """
        [local]
        argon2_memory = "64KiB"
        argon2_iterations = 1
        [[client]]
        id = "login"
        grants = ["password"]
        [[client]]
        id = "web"
        secret_file = "web.secret"
        grants = ["password", "refresh_token"]
        scopes = ["read"]
        default_scopes = ["read"]
        """

    /// A daemon with the local accounts lisa and bert (password pw), running.
    static func daemon(tokens: String = "") async throws -> Daemon {
        let daemon = try Daemon(tokens + "\n" + configuration, secrets: ["web.secret": "web-secret\n"])
        for name in ["lisa", "bert"] {
            #expect(try await daemon.command(["user", "add", name, "--password-file", "-"], input: "pw").succeeded)
        }
        try await daemon.start()
        return daemon
    }

    /// True while the running daemon takes that access token of POST /token: proving the password inside a session.
    static func isGood(_ token: String, _ user: String, _ daemon: Daemon) async throws -> Bool {
        let fields: KeyValuePairs = [
            "grant_type": "password", "username": user, "password": "pw", "IsInSessionAuth": "1",
        ]
        return try await Curl.form("\(daemon.url)/token", fields, ["-H", "Authorization: Bearer \(token)"]).status
            != 401
    }

    private func obeys(_ daemon: Daemon, _ what: () async throws -> Bool) async throws -> Bool {
        // A second by contract; more for two busy cores.
        try await eventually(within: .seconds(4)) { try await what() }
    }

    @Test func sessionsAreListedAndEnded() async throws {
        let daemon = try await Self.daemon()
        let empty = try await daemon.command(["session", "list"])
        #expect(empty.succeeded && empty.errorOutput.contains("There are no live sessions."))
        let first = try await daemon.login("lisa", "pw")
        let second = try await daemon.login("lisa", "pw")
        let number = try #require(first.number("DTTSessionId"))
        let web = try await daemon.token(["grant_type": "password", "username": "bert", "password": "pw"])
        let state = try #require(web.text("session_state"))
        let all = try await daemon.command(["session", "list"])
        #expect(all.output.split(separator: "\n").count == 4, "\(all.output)\(all.errorOutput)")
        #expect(all.output.hasPrefix("ID ") && all.output.contains(state))
        let json = try await daemon.command(["session", "list", "--user", "LISA", "--json"]).output
        #expect(json.hasPrefix("[{\"DTTSessionId\":\(number),\"session_state\":\""), "\(json)")
        #expect(json.contains("\"username\":\"lisa\",\"source\":\"local\",\"client_id\":\"login\""))
        #expect(!json.contains("bert"))

        // One by its number, one by its state, and the rest of a person.
        let token = try #require(first.text("access_token"))
        #expect(try await Self.isGood(token, "lisa", daemon))
        let ended = try await daemon.command(["session", "end", "\(number)"])
        #expect(ended.output == "Ended session \(number) of lisa.\n", "\(ended.errorOutput)")
        #expect(try await obeys(daemon) { try await !Self.isGood(token, "lisa", daemon) })
        let again = try await daemon.command(["session", "end", "\(number)"])
        #expect(again.exit == .code(1) && again.errorOutput.contains("was ended already"))
        let before = daemon.log.count
        #expect(try await daemon.command(["session", "end", state]).succeeded)
        // Before anybody comes with its tokens: what a request finds ended is no news to the feed.
        let isTraced = await eventually {
            daemon.log.dropFirst(before).contains("Sessions were ended by a command or another node")
        }
        #expect(isTraced, "a trace in the daemon's log")
        let refused = try await daemon.token([
            "grant_type": "refresh_token", "refresh_token": web.text("refresh_token") ?? "",
        ])
        #expect(refused.text("error_description") == "Session not active")
        let other = try #require(second.text("access_token"))
        #expect(try await Self.isGood(other, "lisa", daemon))
        #expect(try await daemon.command(["session", "end", "--user", "lisa"]).output == "Ended 1 session of lisa.\n")
        #expect(try await obeys(daemon) { try await !Self.isGood(other, "lisa", daemon) })
        #expect(
            try await daemon.command(["session", "end", "--user", "lisa"]).output == "lisa had no live session.\n"
        )
        await daemon.stop()
    }

    @Test(
        arguments: [
            (["session", "end", "4711"], 1, "there is no session 4711"),
            (["session", "end", "x"], 65, "is no id of a session"),
            (["session", "end"], 64, "Give either the id"),
            (["session", "end", "7", "--user", "lisa"], 64, "Give either the id"),
            (["session", "list", "--user", "nobody"], 1, "there is no local account “nobody”"),
            (["session", "list", "--user", "corp:alice"], 1, "there is no source “corp”; there are: local"),
            (["session", "list", "--user", "local:nobody"], 1, "there is no local account “nobody”"),
            (["revoke-before", "tomorrow"], 65, "is no moment"),
            (["revoke-before", "2999-01-01T00:00:00Z"], 65, "lies in the future"),
            (["revoke-before", "now", "--client", "x"], 1, "there are: login, web"),
            (["revoke-before", "now", "--client", "web", "--user", "lisa"], 64, "not both"),
            (["revoke-before", "now", "--user", "nobody"], 1, "there is no local account"),
        ] as [([String], Int32, String)]
    )
    func wrongInputIsExplained(arguments: [String], code: Int32, text: String) async throws {
        let daemon = try Daemon(Self.configuration, secrets: ["web.secret": "web-secret\n"])
        #expect(try await daemon.command(["user", "add", "lisa", "--password-file", "-"], input: "pw").succeeded)
        let outcome = try await daemon.command(arguments)
        #expect(outcome.exit == .code(code))
        #expect(outcome.errorOutput.contains(text), "\(outcome.errorOutput)")
        #expect(outcome.output.isEmpty)
    }

    @Test func withoutAStoreTheyMakeNone() async throws {
        let daemon = try Daemon(Self.configuration, secrets: ["web.secret": "web-secret\n"])
        for command in [["session", "list"], ["key", "list"], ["key", "rotate"], ["revoke-before", "now"]] {
            let outcome = try await daemon.command(command)
            #expect(outcome.exit == .code(69), "\(command)")
            #expect(outcome.errorOutput.contains("there is no database"), "\(outcome.errorOutput)")
        }
        for command in [["user", "set", "lisa", "--email", "a@b.example"], ["user", "disable", "lisa"]] {
            let outcome = try await daemon.command(command)
            #expect(outcome.exit == .code(69), "\(command)")
            #expect(outcome.errorOutput.contains("and so does `ldapauthd user add`"), "\(outcome.errorOutput)")
        }
        // Who only looks finds nobody.
        let list = try await daemon.command(["user", "list"])
        #expect(list.succeeded && list.errorOutput.contains("There are no local accounts"), "\(list.errorOutput)")
        #expect(try await daemon.command(["user", "list", "--json"]).output == "[]\n")
        #expect(try await daemon.command(["user", "show", "lisa"]).exit == .code(1))
        let tried = try await daemon.command(["user", "import", "--csv", "-", "--dry-run"], input: "name\nlisa\n")
        #expect(tried.output.contains("1 account would be imported"), "\(tried.output)\(tried.errorOutput)")
        let login = try await daemon.command(["login", "lisa", "--password-file", "-"], input: "lisa-guess\n")
        #expect(login.exit == .code(1), "\(login.output)\(login.errorOutput)")
        let check = try await daemon.command(["check"])
        #expect(check.succeeded, "\(check.output)\(check.errorOutput)")
        let store = daemon.home.path(of: "store.db")
        #expect(check.output.contains("\(store) will be made at the next start"), "\(check.output)")
        #expect(try await ChildProcess.run("test", ["-e", daemon.home.path(of: "store.db")]).exit == .code(1))
    }

    @Test func revokeBefore() async throws {
        let daemon = try await Self.daemon()
        func login(_ user: String) async throws -> String {
            try #require(try await daemon.login(user, "pw").text("access_token"))
        }
        let lisa = try await login("lisa")
        let bert = try await login("bert")
        let web = try await daemon.token(["grant_type": "password", "username": "bert", "password": "pw"])
        let said = try await daemon.command(["revoke-before", "now", "--user", "lisa"])
        #expect(said.output.hasPrefix("Tokens of lisa issued before ") && said.output.hasSuffix(" UTC are refused.\n"))
        #expect(try await obeys(daemon) { try await !Self.isGood(lisa, "lisa", daemon) })
        #expect(try await Self.isGood(bert, "bert", daemon))
        #expect(try await Self.isGood(try await login("lisa"), "lisa", daemon), "whoever logs in afterwards is served")
        #expect(try await !daemon.command(["session", "list", "--json"]).output.contains("\"username\":\"nobody\""))

        #expect(try await daemon.command(["revoke-before", "now", "--client", "web"]).succeeded)
        let fields: KeyValuePairs = ["grant_type": "refresh_token", "refresh_token": web.text("refresh_token") ?? ""]
        #expect(try await obeys(daemon) { try await daemon.token(fields).text("error_description") == "Stale token" })
        let next = try await daemon.token(["grant_type": "password", "username": "bert", "password": "pw"])
        #expect((next.number("not_before_policy") ?? 0) > 1_700_000_000)
        #expect(try await Self.isGood(bert, "bert", daemon))

        let early = try await daemon.command(["revoke-before", "2026-01-01T00:00:00Z"])
        #expect(early.output == "Tokens of everybody issued before 2026-01-01 00:00:00 UTC are refused.\n")
        #expect(
            try await daemon.command(["revoke-before", "1"]).output.contains("A later moment was in force already")
        )
        #expect(try await daemon.command(["revoke-before", "now"]).succeeded)
        #expect(try await obeys(daemon) { try await !Self.isGood(bert, "bert", daemon) })
        await daemon.stop()
        // And after a restart.
        try await daemon.start()
        #expect(try await !Self.isGood(lisa, "lisa", daemon))
        #expect(try await !Self.isGood(bert, "bert", daemon))
        await daemon.stop()
    }

    /// When the command is done, a login is good and stays so.
    @Test func whoeverLogsInAfterARevocationIsServed() async throws {
        let daemon = try await Self.daemon()
        // Each round begins at another place in its second and in the daemon's polls.
        for round in 0..<3 {
            #expect(try await daemon.command(["revoke-before", "now"]).succeeded)
            let web = try await daemon.token(["grant_type": "password", "username": "bert", "password": "pw"])
            let lisa = try #require(try await daemon.login("lisa", "pw").text("access_token"))
            try await Task.sleep(for: .seconds(2))
            #expect(try await Self.isGood(lisa, "lisa", daemon), "round \(round)")
            let token = try #require(web.text("access_token"))
            let door = try await Curl.send([
                "-H", "Authorization: Bearer \(token)", "\(daemon.url)/api/v1/auth/verify",
            ])
            #expect(door.status == 200, "round \(round)")
            let next = try await daemon.token([
                "grant_type": "refresh_token", "refresh_token": web.text("refresh_token") ?? "",
            ])
            #expect(next.status == 200, "round \(round): \(next.body)")
            try await Task.sleep(for: .milliseconds(170))
        }
        await daemon.stop()
    }

    @Test func peopleOfADirectoryAreNamedByTheirSource() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        let token = try #require(try await daemon.login("alice", alice.password, directory: 1).text("access_token"))
        let list = try await daemon.command(["session", "list", "--user", "corp:ALICE", "--json"]).output
        let subject = try #require(Curl.Answer(status: 0, headers: [:], body: list).text("sub"))
        #expect(subject.hasPrefix("1:"))
        #expect(try await daemon.command(["session", "list"]).output.contains("corp:alice"))
        #expect(try await daemon.command(["session", "list", "--user", subject]).output.contains("corp:alice"))
        let nobody = try await daemon.command(["session", "end", "--user", "corp:bob-who-never-came"])
        #expect(nobody.exit == .code(1))
        #expect(nobody.errorOutput.contains("nobody called “bob-who-never-came” of corp has logged in here"))
        let hint = try await daemon.command(["session", "end", "--user", "alice"])
        #expect(hint.errorOutput.contains("somebody of a directory is written corp:NAME"), "\(hint.errorOutput)")
        #expect(
            try await daemon.command(["session", "end", "--user", subject]).output == "Ended 1 session of corp:alice.\n"
        )
        let isRefused = try await obeys(daemon) {
            let fields: KeyValuePairs = [
                "grant_type": "password", "username": "alice", "password": alice.password, "LDAPServerId": "1",
                "IsInSessionAuth": "1",
            ]
            return try await Curl.form("\(daemon.url)/token", fields, ["-H", "Authorization: Bearer \(token)"]).status
                == 401
        }
        #expect(isRefused)
        await setting.stop()
    }
}
