import TestSupport
import Testing

/// Keys by command and by configuration, under a daemon that runs.
@Suite struct KeyCommandTests {
    private func keySet(_ daemon: Daemon) async throws -> [String] {
        let body = try await Curl.send(["\(daemon.url)/.well-known/jwks.json"]).body
        var ids: [String] = []
        for part in body.split(separator: "{") {
            if let id = Curl.Answer(status: 0, headers: [:], body: String(part)).text("kid") { ids.append(id) }
        }
        return ids
    }

    /// The header of a token, which is the same for all of one key.
    private func header(_ daemon: Daemon) async throws -> Substring {
        let token = try #require(try await daemon.login("lisa", "pw").text("access_token"))
        return token.prefix { $0 != "." }
    }

    private func current(_ daemon: Daemon) async throws -> String {
        let lines = try await daemon.command(["key", "list"]).output.split(separator: "\n")
        let line = try #require(lines.first { $0.contains("access tokens") && $0.contains(" current ") })
        return String(line.prefix { $0 != " " })
    }

    @Test func rotatePromotesTheNextKeyAtOnceAndARunningDaemonObeys() async throws {
        let daemon = try await SessionCommandTests.daemon()
        let before = try await keySet(daemon)
        #expect(before.count == 2, "the next key from the start")
        let old = try #require(try await daemon.login("lisa", "pw").text("access_token"))
        let web = try await daemon.token(["grant_type": "password", "username": "bert", "password": "pw"])
        let json = try await daemon.command(["key", "list", "--json"]).output
        #expect(json.contains("{\"kid\":\"\(before[0])\",\"use\":\"sig\",\"alg\":\"ES256\",\"state\":\"current\""))
        #expect(json.contains("{\"kid\":\"\(before[1])\",\"use\":\"sig\",\"alg\":\"ES256\",\"state\":\"next\""))
        let said = try await daemon.command(["key", "rotate"])
        #expect(
            said.output.hasPrefix("The ES256 key \(before[1]) signs from now on;"),
            "\(said.output)\(said.errorOutput)"
        )
        #expect(said.output.contains("The key before, \(before[0]), verifies until "))
        let isObeyed = try await eventually(within: .seconds(4)) {
            try await header(daemon) != old.prefix { $0 != "." }
        }
        #expect(isObeyed)
        let after = try await keySet(daemon)
        #expect(after.count == 3 && after[0] == before[1] && after.last == before[0], "\(before) \(after)")
        #expect(try await SessionCommandTests.isGood(old, "lisa", daemon), "old tokens verify until they expire")
        let refreshed = try await daemon.token([
            "grant_type": "refresh_token", "refresh_token": web.text("refresh_token") ?? "",
        ])
        #expect(refreshed.status == 200, "\(refreshed.body)")
        #expect(await daemon.logged().contains("Keys were changed by a command or another node"))
        await daemon.stop()
        try await daemon.start()
        #expect(try await keySet(daemon) == after)
        #expect(try await SessionCommandTests.isGood(old, "lisa", daemon))
        await daemon.stop()
    }

    @Test func theScheduleRotates() async throws {
        let daemon = try await SessionCommandTests.daemon(tokens: "[tokens]\nkey_rotation = \"1h\"")
        let before = try await keySet(daemon)
        let old = try #require(try await daemon.login("lisa", "pw").text("access_token"))
        await daemon.stop()
        // As if an hour had passed.
        let aged = try await ChildProcess.run(
            "sqlite3",
            [
                daemon.home.path(of: "store.db"),
                "UPDATE token_key SET created_at = created_at - 3600000, activated_at = activated_at - 3600000",
            ]
        )
        #expect(aged.succeeded, "\(aged.errorOutput)")
        try await daemon.start()
        let after = try await keySet(daemon)
        #expect(after.count == 3 && after[0] == before[1] && after[2] == before[0], "\(before) \(after)")
        #expect(try await header(daemon) != old.prefix { $0 != "." })
        #expect(try await SessionCommandTests.isGood(old, "lisa", daemon))
        // The lifetime of POST /token's tokens, and five minutes; then the old key goes.
        await daemon.stop()
        let over = try await ChildProcess.run(
            "sqlite3",
            [daemon.home.path(of: "store.db"), "UPDATE token_key SET retire_at = 1 WHERE phase = 'retired'"]
        )
        #expect(over.succeeded, "\(over.errorOutput)")
        try await daemon.start()
        #expect(try await keySet(daemon) == Array(after.prefix(2)))
        #expect(try await !SessionCommandTests.isGood(old, "lisa", daemon), "no key, no token")
        await daemon.stop()
    }

    @Test(arguments: ["EdDSA", "RS256"])
    func anotherAlgorithmLogsNobodyOut(algorithm: String) async throws {
        let daemon = try await SessionCommandTests.daemon(tokens: "[tokens]\nalgorithm = \"ES256\"")
        let old = try #require(try await daemon.login("lisa", "pw").text("access_token"))
        let web = try await daemon.token(["grant_type": "password", "username": "bert", "password": "pw"])
        let keys = try await keySet(daemon)
        await daemon.stop()
        _ = try await ChildProcess.run("sed", ["-i", "s/\"ES256\"/\"\(algorithm)\"/", daemon.configurationFile])
        try await daemon.start()
        #expect(try await SessionCommandTests.isGood(old, "lisa", daemon))
        let published = try await keySet(daemon)
        #expect(published.count == 2 && published[0] == keys[0] && published[1] != keys[1], "published, not in use yet")
        #expect(try await header(daemon) == old.prefix { $0 != "." })
        let refreshed = try await daemon.token([
            "grant_type": "refresh_token", "refresh_token": web.text("refresh_token") ?? "",
        ])
        #expect(refreshed.status == 200)
        // By hand at once.
        #expect(
            try await daemon.command(["key", "rotate"]).output.hasPrefix("The \(algorithm) key \(published[1]) signs")
        )
        let isObeyed = try await eventually(within: .seconds(4)) {
            try await header(daemon) != old.prefix { $0 != "." }
        }
        #expect(isObeyed)
        #expect(try await SessionCommandTests.isGood(old, "lisa", daemon))
        let new = try #require(try await daemon.login("lisa", "pw").text("access_token"))
        #expect(try await SessionCommandTests.isGood(new, "lisa", daemon))
        await daemon.stop()
    }

    @Test func theMasterKeyIsReplacedUnderARunningDaemon() async throws {
        let daemon = try await SessionCommandTests.daemon()
        let key = daemon.home.path(of: "master.key")
        func content(_ path: String) async throws -> String { try await ChildProcess.run("cat", [path]).output }
        let first = try await content(key)
        let token = try #require(try await daemon.login("lisa", "pw").text("access_token"))
        let keys = try await keySet(daemon)
        let said = try await daemon.command(["key", "rotate", "--master"])
        #expect(said.succeeded, "\(said.errorOutput)")
        #expect(said.output.contains("lies in \(key)"))
        let second = try await content(key)
        #expect(second != first)
        #expect(try await ChildProcess.run("stat", ["-c", "%a", key]).output == "600\n")
        // The old one is kept for backups of the store, under the name the command told.
        let kept = try #require(said.output.split(separator: " ").first { $0.hasPrefix("\(key).until-") }).dropLast()
        #expect(try await content(String(kept)) == first)
        #expect(try await ChildProcess.run("test", ["-e", key + ".next"]).exit == .code(1))

        // The daemon goes on, and further rotations reach it.
        #expect(try await SessionCommandTests.isGood(token, "lisa", daemon))
        #expect(try await keySet(daemon) == keys)
        #expect(try await daemon.command(["key", "rotate"]).succeeded)
        let isObeyed = try await eventually(within: .seconds(4)) { try await keySet(daemon).count == 3 }
        #expect(isObeyed)
        #expect(try await Curl.send(["\(daemon.adminURL)/readyz"]).status == 200)
        #expect(!daemon.log.contains("cannot be read"), "\(daemon.log)")
        daemon.kill()
        try await daemon.start()
        #expect(try await SessionCommandTests.isGood(token, "lisa", daemon))
        #expect(try await daemon.command(["check"]).succeeded)

        // Interrupted between the store and the file: as if the last step had not been done.
        daemon.kill()
        _ = try await ChildProcess.run("mv", [key, key + ".next"])
        _ = try await ChildProcess.run("cp", ["-p", String(kept), key])
        let checked = try await daemon.command(["check"])
        #expect(checked.output.contains("was followed by another key, which lies beside it"), "\(checked.output)")
        let rotated = try await daemon.command(["key", "rotate"])
        #expect(rotated.succeeded, "commands find it too: \(rotated.errorOutput)")
        try await daemon.start()
        #expect(try await SessionCommandTests.isGood(token, "lisa", daemon))
        #expect(await daemon.logged().contains("its new file has taken its place"))
        #expect(try await content(key) == second)
        // The same, ended by the command instead of the daemon.
        _ = try await ChildProcess.run("mv", [key, key + ".next"])
        _ = try await ChildProcess.run("cp", ["-p", String(kept), key])
        #expect(try await daemon.command(["key", "rotate", "--master"]).succeeded)
        #expect(try await content(key) == second, "ended, not begun anew")
        // Interrupted before the store was touched: the prepared key is used by the next attempt.
        let prepared = try await ChildProcess.run("openssl", ["rand", "-base64", "32"]).output
        try daemon.home.write(Array(prepared.utf8), to: "master.key.next")
        _ = try await ChildProcess.run("chmod", ["600", key + ".next"])
        #expect(try await SessionCommandTests.isGood(token, "lisa", daemon))
        #expect(try await daemon.command(["key", "rotate", "--master"]).succeeded)
        #expect(try await content(key) == prepared)
        #expect(try await SessionCommandTests.isGood(token, "lisa", daemon))
        await daemon.stop()
        try await daemon.start()
        #expect(try await SessionCommandTests.isGood(token, "lisa", daemon))
        await daemon.stop()
    }
}
