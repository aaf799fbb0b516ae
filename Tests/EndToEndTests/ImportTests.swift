import TestSupport
import Testing

/// Accounts that come from elsewhere, and go there again.
@Suite struct ImportTests {
    private func daemon() throws -> Daemon {
        try Daemon("[local]\nargon2_memory = \"64KiB\"\n[[client]]\nid = \"login\"\ngrants = [\"password\"]")
    }

    private func hash(_ method: String, _ password: String) async throws -> String {
        let made = try await ChildProcess.run(
            "openssl",
            ["passwd", method, "-stdin"],
            input: Array("\(password)\n".utf8)
        )
        try #require(made.succeeded, "\(made.errorOutput)")
        return String(made.output.dropLast())
    }

    /// The hash an account has in the store.
    private func kept(_ name: String, _ daemon: Daemon) async throws -> String {
        let listed = try await daemon.command(["user", "export", "--with-hashes"])
        let line = listed.output.split(separator: "\n").first { $0.hasPrefix("\(name),") }
        return line.flatMap { line in line.firstIndex(of: "$").map { String(line[$0...]) } } ?? ""
    }

    @Test func peopleOfAnHtpasswdFileLogInAtOnceAndAreUpgraded() async throws {
        let daemon = try daemon()
        try await daemon.start()
        let lines = [
            "apache:\(try await hash("-apr1", "one"))", "unix:\(try await hash("-6", "two"))",
            "bcrypt:$2y$10$abcdefghijklmnopqrstuu3qWavo/JrKRRVDF/68ERj4rQOXSVCG2",
        ]
        let file = try daemon.home.write(lines.joined(separator: "\n") + "\n", to: "htpasswd")
        let tried = try await daemon.command(["user", "import", file, "--dry-run"])
        #expect(tried.exit == .code(0), "\(tried.errorOutput)")
        #expect(tried.output == "3 accounts would be imported; nothing was kept.\n")
        #expect(try await daemon.login("apache", "one").status == 400)

        let done = try await daemon.command(["user", "import", "--htpasswd", file, "--group", "old"])
        #expect(done.output == "Imported 3 accounts.\n", "\(done.errorOutput)")
        #expect(done.errorOutput.isEmpty, "no bar where nobody looks")
        for (name, password) in [("apache", "one"), ("unix", "two"), ("bcrypt", "geheim")] {
            #expect(try await !kept(name, daemon).hasPrefix("$argon2id$"))
            let wrong = try await daemon.login(name, "no")
            #expect(wrong.status == 400 && wrong.text("error_description") == "Invalid user credentials")
            #expect(try await daemon.login(name, password).status == 200, "\(name)")
            #expect(try await kept(name, daemon).hasPrefix("$argon2id$"))
            #expect(try await daemon.login(name, password).status == 200, "\(name)")
        }
        let again = try await daemon.command(["user", "import", file])
        #expect(again.exit == .code(65))
        #expect(again.errorOutput.contains("line 1: there is an account with the name “apache” already;"))
        #expect(again.errorOutput.contains("Nothing was imported: 3 lines will not do."))
        await daemon.stop()
    }

    @Test func badLinesAreNumberedAndNothingIsKept() async throws {
        let daemon = try daemon()
        let text = "name,email,password_hash\nanna,a@corp.example,$2y$31$x\nbert,no address,\ncarl,,\n"
        let refused = try await daemon.command(["user", "import", "--csv", "-"], input: text)
        #expect(refused.exit == .code(65))
        #expect(refused.errorOutput.contains("line 2: the hash is cut off"), "\(refused.errorOutput)")
        #expect(refused.errorOutput.contains("line 3: The e-mail address “no address” has not the form"))
        #expect(try await daemon.command(["user", "list", "--json"]).output == "[]\n")
        let partly = try await daemon.command(["user", "import", "--csv", "-", "--keep-going"], input: text)
        #expect(partly.exit == .code(65))
        #expect(partly.output == "Imported 1 account.\n")
        #expect(try await daemon.command(["user", "list"]).output.contains("carl"))
        for arguments in [["user", "import"], ["user", "import", "a", "--csv", "b"]] {
            #expect(try await daemon.command(arguments).exit == .code(64))
        }
        let missing = try await daemon.command(["user", "import", "/nonexistent"])
        #expect(missing.exit == .code(65))
        #expect(missing.errorOutput.contains("/nonexistent cannot be read: No such file or directory"))
    }

    @Test func anExportIsImportedElsewhereAsItWas() async throws {
        let (from, to) = (try daemon(), try daemon())
        let added = try await from.command(
            [
                "user", "add", "zoë", "--first-name", "Zoë", "--last-name", "O\"Neil, Dr.", "--email", "z@corp.example",
                "--group", "editors", "--group", "a b", "--password-file", "-",
            ],
            input: "geheim"
        )
        #expect(added.succeeded, "\(added.errorOutput)")
        #expect(try await from.command(["user", "add", "bert", "--password-file", "-"], input: "x").succeeded)
        #expect(try await from.command(["user", "disable", "bert"]).succeeded)
        let plain = try await from.command(["user", "export"]).output
        #expect(!plain.contains("argon2id") && plain.contains("\"O\"\"Neil, Dr.\""), "\(plain)")
        #expect(try await !from.command(["user", "export", "--format", "json"]).output.contains("argon2id"))
        let json = try await from.command(["user", "export", "--format", "json", "--with-hashes"]).output
        #expect(json.contains("\"password_hash\":\"$argon2id$"))

        let csv = try await from.command(["user", "export", "--with-hashes"])
        #expect(csv.errorOutput.isEmpty, "its file is private: \(csv.errorOutput)")
        let taken = try await to.command(["user", "import", "-"], input: csv.output)
        #expect(taken.output == "Imported 2 accounts.\n", "\(taken.errorOutput)")
        #expect(try await to.command(["user", "export", "--with-hashes"]).output == csv.output, "nothing is lost")
        try await to.start()
        #expect(try await to.login("zoë", "geheim").status == 200)
        #expect(try await to.login("bert", "x").text("error_description") == "Account disabled")
        await to.stop()
    }

    @Test func aBarIsShownWhereAPersonSits() async throws {
        let daemon = try daemon()
        let lines = (0..<3000).map { "p\($0):{SHA}kGByAB793z4R5tK1eC9Hd/4Dhzk=" }
        let file = try daemon.home.write(lines.joined(separator: "\n"), to: "many")
        let command = "\(Daemon.binary) user import \(file) --config \(daemon.configurationFile)"
        let seen = try await ChildProcess.run("script", ["-qec", command, "/dev/null"])
        #expect(seen.output.contains("Importing  ░"), "\(seen.output)")
        #expect(seen.output.contains("Imported 3000 accounts."), "\(seen.output)")
        #expect(try await daemon.command(["user", "export"]).output.split(separator: "\n").count == 3001)
    }

    @Test func aBackupOfARunningDaemonIsWholeAndPrivate() async throws {
        let daemon = try daemon()
        #expect(try await daemon.command(["user", "add", "lisa", "--password-file", "-"], input: "pw").succeeded)
        try await daemon.start()
        let token = try #require(try await daemon.login("lisa", "pw").text("access_token"))
        let copy = daemon.home.path(of: "copy.db")
        let done = try await daemon.command(["storage", "backup", copy])
        #expect(done.succeeded, "\(done.errorOutput)")
        #expect(
            done.output.contains("to \(copy) in ") && done.output.contains("the copy is in order."),
            "\(done.output)"
        )
        #expect(done.output.contains("keep \(daemon.home.path(of: "master.key")) too"), "\(done.output)")
        #expect(try await ChildProcess.run("stat", ["-c", "%a", copy]).output == "600\n")
        #expect(try await ChildProcess.run("ls", [daemon.home.path]).output.contains(".part") == false)
        let again = try await daemon.command(["storage", "backup", copy])
        #expect(again.exit == .code(69))
        #expect(again.errorOutput.contains("(it exists): name one that does not exist"), "\(again.errorOutput)")
        let nowhere = try await daemon.command(["storage", "backup", "/nonexistent/copy.db"])
        #expect(nowhere.exit == .code(69) && nowhere.errorOutput.contains("No such file or directory"))
        await daemon.stop()

        // Restored as the manual says: the session that was open is open.
        for name in ["store.db-wal", "store.db-shm"] {
            _ = try await ChildProcess.run("rm", ["-f", daemon.home.path(of: name)])
        }
        _ = try await ChildProcess.run("mv", [copy, daemon.home.path(of: "store.db")])
        try await daemon.start()
        let info = try await Curl.send(["-H", "Authorization: Bearer \(token)", "\(daemon.url)/api/v1/auth/userinfo"])
        #expect(info.status == 200, "\(info.body)")
        #expect(try await daemon.login("lisa", "pw").status == 200)
        await daemon.stop()
    }
}
