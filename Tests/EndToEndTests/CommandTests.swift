import TestSupport
import Testing

/// What an administrator types.
@Suite struct CommandTests {
    @Test func accountsAreAddedChangedShownAndRemoved() async throws {
        let daemon = try Daemon("[[client]]\nid = \"login\"\ngrants = [\"password\"]")
        #expect(
            try await daemon.command(
                ["user", "add", "Zoë", "--group", "b", "--group", "a", "--password-file", "-"],
                input: "pw"
            ).succeeded
        )
        let again = try await daemon.command(["user", "add", "ZOË", "--password-file", "-"], input: "pw")
        #expect(again.exit == .code(65))
        #expect(again.errorOutput.contains("There is an account “Zoë” already"))
        #expect(
            try await daemon.command(["user", "set", "zoë", "--email", "zoe@x.example", "--remove-group", "b"])
                .succeeded
        )
        let shown = try await daemon.command(["user", "show", "zoë", "--json"])
        #expect(
            shown.output.contains(
                "\"email\":\"zoe@x.example\",\"groups\":[\"a\"],\"disabled\":false,\"has_password\":true"
            )
        )
        #expect(!shown.output.contains("argon2"), "a hash is nobody's business")
        #expect(try await daemon.command(["user", "disable", "zoë"]).succeeded)
        #expect(try await daemon.command(["user", "list"]).output.contains("disabled"))
        #expect(try await daemon.command(["user", "remove", "zoë"]).succeeded)
        let gone = try await daemon.command(["user", "show", "zoë"])
        #expect(gone.exit == .code(1))
        #expect(gone.errorOutput.contains("There is no local account “zoë”"))
        #expect(try await daemon.command(["user", "add", "x", "--password-file", "/nonexistent"]).exit == .code(65))
        #expect(
            try await daemon.command(["user", "add", "x", "--password-file", "-"], input: "\n").errorOutput.contains(
                "is empty"
            )
        )
        #expect(try await daemon.command(["user", "set", "x"]).exit == .code(64))
    }

    @Test func checkTellsAnUnknownNameFromADirectoryThatIsDown() async throws {
        let setting = try await Setting.make()
        let unknown = try await setting.daemon.command(["check", "--user", "nobody-there"])
        #expect(!unknown.succeeded)
        #expect(unknown.output.contains("no directory knows “nobody-there”"), "\(unknown.output)")
        await setting.slapd.stop()
        let down = try await setting.daemon.command(["check", "--user", "alice"])
        #expect(!down.succeeded)
        #expect(!down.output.contains("no directory knows"), "\(down.output)")
        #expect(down.output.contains("nobody can say whether “alice” is known: no answer from directory 1 “corp”"))
        let login = try await setting.daemon.command(
            ["login", "alice", "--server-id", "1", "--password-file", "-"],
            input: "alice-secret\n"
        )
        #expect(!login.succeeded)
        #expect(login.output.contains("Nobody could say: “corp” did not answer"), "\(login.output)")
        await setting.stop()
    }

    @Test func aRunningDaemonObeysWithinASecond() async throws {
        let daemon = try Daemon(
            "[local]\nargon2_memory = \"64KiB\"\n[[client]]\nid = \"login\"\ngrants = [\"password\"]"
        )
        #expect(try await daemon.command(["user", "add", "lisa", "--password-file", "-"], input: "one").succeeded)
        try await daemon.start()
        let before = try #require(try await daemon.login("lisa", "one").text("access_token"))
        #expect(try await daemon.command(["user", "password", "lisa", "--password-file", "-"], input: "two").succeeded)
        #expect(try await daemon.login("lisa", "one").status == 400)
        #expect(try await daemon.login("lisa", "two").status == 200)
        // The session begun with the old password is over, and the running daemon has heard of it.
        let isRefused = try await eventually(within: .seconds(3)) {
            let fields: KeyValuePairs = [
                "grant_type": "password", "username": "lisa", "password": "two", "IsInSessionAuth": "1",
            ]
            return try await Curl.form("\(daemon.url)/token", fields, ["-H", "Authorization: Bearer \(before)"]).status
                == 401
        }
        #expect(isRefused)
        #expect(try await daemon.command(["user", "disable", "lisa"]).succeeded)
        #expect(try await daemon.login("lisa", "two").text("error_description") == "Account disabled")
        #expect(try await daemon.login("lisa", "no").text("error_description") == "Invalid user credentials")
        #expect(try await daemon.command(["user", "enable", "lisa"]).succeeded)
        #expect(try await daemon.login("lisa", "two").status == 200)
        await daemon.stop()
    }

    @Test func theDoctorNamesCauseAndRemedy() async throws {
        let setting = try await Setting.make()
        let good = try await setting.daemon.command(["check"])
        #expect(good.exit == .code(0), "\(good.output)\(good.errorOutput)")
        #expect(try await setting.daemon.command(["check", "--json"]).output.contains("\"ok\":true"))
        let alice = try #require(setting.sample.person("alice"))
        let right = try await setting.daemon.command(
            ["login", "alice", "--server-id", "1", "--password-file", "-"],
            input: alice.password
        )
        #expect(right.exit == .code(0), "\(right.output)\(right.errorOutput)")
        let wrong = try await setting.daemon.command(
            ["login", "alice", "--server-id", "1", "--password-file", "-"],
            input: "no"
        )
        #expect(wrong.exit == .code(1))
        #expect(wrong.output.contains("wrong-password") || wrong.output.contains("wrong password"), "\(wrong.output)")
        #expect(!wrong.output.contains(alice.password))
        await setting.slapd.stop()
        let down = try await setting.daemon.command(["check"])
        #expect(down.exit == .code(69), "\(down.output)\(down.errorOutput)")
        #expect(down.output.contains("refused"), "\(down.output)")
    }

    /// `default_directory`, or else the local accounts.
    @Test(arguments: [false, true])
    func serverIDZeroIsWhatItIsToTheEndpoint(hasDefault: Bool) async throws {
        let setting = try await Setting.make()
        if hasDefault {
            try setting.daemon.rewrite { text in
                text.split(separator: "[authentication]").joined(separator: "[authentication]\ndefault_directory = 1")
            }
        }
        let alice = try #require(setting.sample.person("alice"))
        try await setting.daemon.start()
        let answer = try await setting.daemon.login("alice", alice.password)
        #expect(answer.status == (hasDefault ? 200 : 400), "\(answer.body)")
        let tried = try await setting.daemon.command(
            ["login", "alice", "--server-id", "0", "--password-file", "-"],
            input: alice.password
        )
        #expect(tried.exit == .code(hasDefault ? 0 : 1), "\(tried.output)\(tried.errorOutput)")
        #expect(tried.output.contains(hasDefault ? "“corp”" : "local accounts"), "\(tried.output)")
        await setting.stop()
    }

    @Test func aLostMasterKeyIsNamedAndNotReplaced() async throws {
        let daemon = try Daemon("[[client]]\nid = \"login\"\ngrants = [\"password\"]")
        try await daemon.start()
        await daemon.stop()
        let key = daemon.home.path(of: "master.key")
        _ = try await ChildProcess.run("mv", [key, key + ".away"])
        let served = try await daemon.command(["serve"])
        #expect(served.exit == .code(78))
        #expect(
            served.errorOutput.contains("master.key is missing, but the store was made with one"),
            "\(served.errorOutput)"
        )
        let checked = try await daemon.command(["check"])
        #expect(checked.exit == .code(69))
        #expect(checked.output.contains("✗ master key"), "\(checked.output)")
        #expect(
            try await ChildProcess.run("test", ["-e", key]).exit == .code(1),
            "nothing stands in the way of the backup"
        )
        try daemon.home.write(Array((String(repeating: "A", count: 43) + "=").utf8), to: "master.key")
        _ = try await ChildProcess.run("chmod", ["600", key])
        #expect(try await daemon.command(["check"]).output.contains("is another one than the store was made with"))
        _ = try await ChildProcess.run("mv", [key + ".away", key])
        #expect(try await daemon.command(["check"]).exit == .code(0))
    }

    @Test func aWrongConfigurationIsRefusedWithItsLine() async throws {
        let daemon = try Daemon(
            "[authentication]\nordr = [\"local\"]\n[[client]]\nid = \"login\"\ngrants = [\"password\"]"
        )
        let outcome = try await daemon.command(["serve"])
        #expect(outcome.exit == .code(78))
        #expect(outcome.errorOutput.contains("ldapauthd.toml:"), "\(outcome.errorOutput)")
        #expect(outcome.errorOutput.contains("did you mean “order”?"))
        let missing = try await ChildProcess.run(Daemon.binary, ["serve", "--config", "/nonexistent.toml"])
        #expect(missing.exit == .code(78))
        #expect(missing.errorOutput.contains("/nonexistent.toml: cannot be read: No such file or directory"))
    }

    @Test func configPrintReadsBackAsTheSame() async throws {
        let setting = try await Setting.make()
        let printed = try await setting.daemon.command(["config", "print"])
        #expect(printed.succeeded, "\(printed.errorOutput)")
        let copy = try setting.daemon.home.write(Array(printed.output.utf8), to: "copy.toml")
        let again = try await ChildProcess.run(Daemon.binary, ["config", "print", "--config", copy])
        #expect(again.succeeded, "\(again.errorOutput)")
        func withoutFirstLine(_ text: String) -> Substring { text.drop { $0 != "\n" } }
        #expect(withoutFirstLine(printed.output) == withoutFirstLine(again.output))
        await setting.slapd.stop()
    }

    @Test func hashedClientSecretsWork() async throws {
        let hash = try await ChildProcess.run(Daemon.binary, ["client", "hash-secret"], input: Array("s3cret\n".utf8))
        #expect(hash.succeeded)
        #expect(hash.output.hasPrefix("$argon2id$"))
        let daemon = try Daemon(
            """
            [[client]]
            id = "login"
            grants = ["password"]
            [[client]]
            id = "web"
            secret_hash_file = "web.hash"
            grants = ["client_credentials"]
            """,
            secrets: ["web.hash": hash.output]
        )
        try await daemon.start()
        let url = "\(daemon.url)/api/v1/auth/token"
        #expect(try await Curl.form(url, ["grant_type": "client_credentials"], ["-u", "web:s3cret"]).status == 200)
        #expect(try await Curl.form(url, ["grant_type": "client_credentials"], ["-u", "web:other"]).status == 401)
        await daemon.stop()
    }

    @Test func theExampleConfigurationIsAccepted() async throws {
        let outcome = try await ChildProcess.run(
            Daemon.binary,
            ["config", "print", "--config", "\(Daemon.repository)/etc/ldapauthd.toml"]
        )
        #expect(outcome.succeeded, "\(outcome.errorOutput)")
    }
}
