import TestSupport
import Testing

/// A new version on the store of an older one: people keep their numbers, their sessions and what has ended.
@Suite struct UpgradeTests {
    /// Takes from a store what later schemas have brought (Sources/Storage, `Migrations.sqlite`); UpgradeTests of the store
    /// hold those schemas against what they made then.
    private static let stepsBack: [(version: Int, sql: String)] = [
        (3, "DROP TABLE person_change; ALTER TABLE token_key DROP COLUMN token_lifetime;"),
        (2, "DROP TABLE offline_entry;"), (1, "DROP TABLE throttle_count; DROP TABLE throttle_known;"),
    ]

    @Test(arguments: [3, 2, 1]) func aStoreOfAnOlderSchemaIsTakenOver(_ version: Int) async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        let added = try await daemon.command(["user", "add", "lisa", "--password-file", "-"], input: "lisa-old-pw\n")
        #expect(added.succeeded, "\(added.errorOutput)")
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        let first = try await daemon.login("alice", alice.password, directory: 1)
        let number = try #require(first.number("userId"))
        let lisa = try #require(try await daemon.login("lisa", "lisa-old-pw").number("userId"))
        #expect(number != lisa)
        let session = try await daemon.open("alice", alice.password)
        let token = try #require(session.text("access_token"))
        let refresh = try #require(session.text("refresh_token"))
        let ended = try #require(try await daemon.open("alice", alice.password).text("access_token"))
        let out = try await Curl.send(
            ["-X", "POST", "-H", "Authorization: Bearer \(ended)", "\(daemon.url)/api/v1/auth/logout"]
        )
        #expect(out.status == 204)
        await daemon.stop()

        let store = daemon.home.path(of: "store.db")
        let steps = Self.stepsBack.filter { $0.version >= version }.map(\.sql).joined(separator: "\n")
        let older = try await ChildProcess.run(
            "sqlite3",
            [
                "-bail", store,
                "\(steps)\nUPDATE schema_version SET version = \(version); SELECT version FROM schema_version;",
            ]
        )
        #expect(older.succeeded && older.output == "\(version)\n", "\(older.errorOutput)")

        // Commands that only look say so, and leave it to the start.
        let before = bytes(ofFile: store)
        let check = try await daemon.command(["check"])
        #expect(check.succeeded, "\(check.output)\(check.errorOutput)")
        #expect(check.output.contains("\(store): schema \(version); the next start makes it 6"), "\(check.output)")
        let directorys = try await daemon.command(["login", "alice", "--password-file", "-"], input: alice.password)
        #expect(directorys.succeeded, "no local account is asked for: \(directorys.output)")
        #expect(directorys.output.contains("! store"), "\(directorys.output)")
        let mine = try await daemon.command(["login", "lisa", "--password-file", "-"], input: "lisa-old-pw")
        var told = [mine]
        for command in [["user", "list"], ["session", "list"], ["key", "list"]] {
            told.append(try await daemon.command(command))
        }
        for outcome in told {
            #expect(outcome.exit == .code(69))
            let said = outcome.output + outcome.errorOutput
            #expect(said.contains("has schema \(version), and this program reads 6: the next start"), "\(said)")
        }
        #expect(bytes(ofFile: store) == before)

        try await daemon.start()
        #expect(await daemon.logged().contains("The database has a new schema"))
        #expect(try await daemon.verifies(token), "its key and its session are still known")
        #expect(try await !daemon.verifies(ended), "what has ended stays ended")
        let next = try await daemon.refresh(refresh)
        #expect(next.status == 200, "\(next.body)")
        #expect(try await daemon.login("alice", alice.password, directory: 1).number("userId") == number)
        #expect(try await daemon.login("lisa", "lisa-old-pw").number("userId") == lisa)
        let rotated = try await daemon.command(["key", "rotate"])
        #expect(rotated.succeeded, "\(rotated.errorOutput)")
        #expect(try await daemon.verifies(token))
        await setting.stop()
    }
}
