import TestSupport
import Testing

/// The program on PostgreSQL, as an administrator meets it.
@Suite(.timeLimit(.minutes(5))) struct PostgreSQLTests {
    @Test func everyCommandWorksAndTheDaemonObeys() async throws {
        let cluster = try await Cluster.make(nodes: 1)
        let node = cluster.nodes[0]
        func run(_ arguments: [String], input: String = "") async throws -> String {
            let outcome = try await node.command(arguments, input: input)
            #expect(outcome.succeeded, "\(arguments): \(outcome.output)\(outcome.errorOutput)")
            return outcome.output
        }
        #expect(try await run(["check"]).contains("the first start will make the tables"))
        #expect(try await run(["login", "alice", "--password-file", "-"], input: "alice-secret").contains("alice"))
        #expect(try await node.command(["user", "list"]).succeeded)
        let none = try await node.command(["session", "list"])
        #expect(none.exit == .code(69) && none.errorOutput.contains("there are no tables in "), "\(none.errorOutput)")
        #expect(try await cluster.sql("SELECT to_regclass('session') IS NULL") == "t\n", "who only looks makes none")
        // The first account may be made before the first start.
        _ = try await run(
            ["user", "add", "lee", "--first-name", "L", "--last-name", "Ee", "--password-file", "-"],
            input: "lee-secret"
        )
        let begun = ContinuousClock.now
        try await node.start()
        let opened = try await node.open("lee", "lee-secret")
        let token = try #require(opened.text("access_token"), "\(opened.body)")
        #expect(try await run(["user", "list"]).contains("lee"))
        #expect(try await run(["session", "list"]).contains("lee"))
        let check = try await run(["check"])
        #expect(check.contains("PostgreSQL 15") && check.contains("synchronous_commit = on"), "\(check)")
        #expect(check.contains("✓ master key"))
        #expect(try await run(["login", "alice", "--password-file", "-"], input: "alice-secret").contains("alice"))
        #expect(try await run(["key", "rotate"]).contains("signs from now on"))
        #expect(try await run(["key", "list", "--json"]).contains("\"state\":\"retired\""))
        _ = try await run(["user", "disable", "lee"])
        #expect(try await eventually(within: .seconds(3)) { try await !node.verifies(token) })
        _ = try await run(["user", "enable", "lee"])
        let again = try #require(try await node.open("lee", "lee-secret").text("access_token"))
        _ = try await run(["revoke-before", "now"])
        #expect(try await eventually(within: .seconds(3)) { try await !node.verifies(again) })
        let shown = try await run(["config", "print"])
        #expect(shown.contains("password_file = \"\(node.home.path(of: "pg.secret"))\""))
        #expect(!shown.contains(PostgresServer.password))
        #expect(try await run(["reload", "--socket", node.home.path(of: "control.sock")]).hasPrefix("reloaded"))
        #expect(!node.log.contains(PostgresServer.password))
        #expect(await node.stop() == .code(0))
        // A database that the machine holds up is told of, rightly.
        let isHeldUp = LostTime.longest(since: begun) > .milliseconds(500)
        let complaints = node.log.split(separator: "\n").filter { line in
            let isOfTheMachine = isHeldUp && ["does not answer", "cannot be read"].contains { line.contains($0) }
            return (line.contains(" error ") || line.contains(" warning ")) && !isOfTheMachine
        }
        #expect(complaints.isEmpty, "\(complaints)")
        await cluster.stop()
    }

    @Test func anotherMasterKeyIsRefusedAtTheStart() async throws {
        let cluster = try await Cluster.make(nodes: 2)
        let (a, b) = (cluster.nodes[0], cluster.nodes[1])
        try await a.start()
        try b.rewrite { text in
            text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.hasPrefix("master_key_file") ? "master_key_file = \"own.key\"" : String($0) }
                .joined(separator: "\n")
        }
        // A store with keys never gets a second master key made beside it.
        let missing = try await b.command(["serve"])
        #expect(missing.exit == .code(78))
        #expect(missing.errorOutput.contains("own.key is missing, but the store was made with one"))
        try b.home.write(Array(repeating: 7, count: 32), to: "own.key")
        let wrong = try await b.command(["serve"])
        #expect(wrong.exit == .code(78))
        #expect(wrong.errorOutput.contains("is another one than this store was made with"), "\(wrong.errorOutput)")
        #expect(wrong.errorOutput.contains("copy the file from a node that runs"))
        let check = try await b.command(["check"])
        #expect(!check.succeeded && check.output.contains("is another one than the store was made with"))
        #expect(try await a.login("alice", "alice-secret", directory: 1).status == 200)
        await cluster.stop()
    }

    @Test func whatTheServerRefusesIsToldAtOnce() async throws {
        let cluster = try await Cluster.make(nodes: 1)
        let node = cluster.nodes[0]
        try node.home.write(Array("wrong\n".utf8), to: "pg.secret")
        let refused = try await node.command(["serve"])
        #expect(refused.exit == .code(69))
        #expect(refused.errorOutput.contains("password authentication failed"), "\(refused.errorOutput)")
        #expect(!refused.errorOutput.contains("wrong"))
        let check = try await node.command(["check"])
        #expect(!check.succeeded && check.output.contains("✗ store"))
        // A password that changes is read again at the next connection.
        try node.home.write(Array(PostgresServer.password.utf8), to: "pg.secret")
        try await node.start()
        #expect(try await node.login("alice", "alice-secret", directory: 1).status == 200)
        await cluster.stop()
    }
}
