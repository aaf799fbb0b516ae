import Glibc
import TestSupport
import Testing

/// From one node on SQLite to PostgreSQL, as an administrator does it.
@Suite(.timeLimit(.minutes(5))) struct StorageMigrateTests {
    @Test func nobodyHasToLogInAgain() async throws {
        let cluster = try await Cluster.make(nodes: 1)
        let node = cluster.nodes[0]
        let url = cluster.postgres.plainURL(database: cluster.database)
        let password = node.home.path(of: "pg.secret")
        // It begins on SQLite.
        let whole = text(ofFile: node.configurationFile)
        try node.rewrite { text in
            text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line in
                if line.hasPrefix("url = \"postgresql:") { return "url = \"sqlite:store.db\"" }
                return line.hasPrefix("password_file") ? nil : String(line)
            }.joined(separator: "\n")
        }
        try await node.start()
        let first = try await node.login("alice", "alice-secret", directory: 1)
        let opened = try await node.open("bob", "bob-secret")
        let access = try #require(opened.text("access_token"))
        let refresh = try #require(opened.text("refresh_token"))
        let gone = try #require(try await node.open("bob", "bob-secret").text("access_token"))
        _ = try await Curl.send(["-X", "POST", "-H", "Authorization: Bearer \(gone)", "\(node.url)/api/v1/auth/logout"])

        // Not beside a running daemon, not with a password on the command line.
        let arguments = ["storage", "migrate", url, "--password-file", password]
        let running = try await node.command(arguments)
        #expect(running.exit == .code(69) && running.errorOutput.contains("another ldapauthd (process \(node.pid))"))
        await node.stop()
        let open = try await node.command(["storage", "migrate", cluster.postgres.url(database: cluster.database)])
        #expect(open.exit == .code(65) && open.errorOutput.contains("--password-file"), "\(open.errorOutput)")
        #expect(!open.errorOutput.contains(PostgresServer.password))

        let done = try await node.command(arguments)
        #expect(done.succeeded, "\(done.errorOutput)")
        #expect(done.output.contains("session") && done.output.contains("each is there as it was"), "\(done.output)")
        #expect(done.output.contains("master_key_file = \"\(cluster.keys.path(of: "master.key"))\""))
        #expect(!done.errorOutput.contains("█"), "a bar is for a terminal only")
        let again = try await node.command(arguments)
        #expect(again.exit == .code(69) && again.errorOutput.contains("in use already"), "\(again.errorOutput)")

        // The daemon on PostgreSQL, with the configuration it said.
        try node.home.write(Array(whole.utf8), to: "ldapauthd.toml")
        try await node.start()
        #expect(try await node.verifies(access))
        #expect(try await !node.verifies(gone))
        #expect(try await node.refresh(refresh).status == 200)
        let second = try await node.login("alice", "alice-secret", directory: 1)
        #expect(second.number("userId") == first.number("userId"))
        #expect((second.number("DTTSessionId") ?? 0) > (first.number("DTTSessionId") ?? 0))
        let other = try await node.command(arguments)
        #expect(other.exit == .code(65) && other.errorOutput.contains("PostgreSQL already"))
        await cluster.stop()
    }

    @Test func aBarOnATerminal() async throws {
        let cluster = try await Cluster.make(nodes: 1)
        let node = cluster.nodes[0]
        let url = cluster.postgres.plainURL(database: cluster.database)
        try node.rewrite { text in
            text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line in
                if line.hasPrefix("url = \"postgresql:") { return "url = \"sqlite:store.db\"" }
                return line.hasPrefix("password_file") ? nil : String(line)
            }.joined(separator: "\n")
        }
        try await node.start()
        _ = try await node.login("alice", "alice-secret", directory: 1)
        await node.stop()
        let command =
            "\(Daemon.binary) storage migrate '\(url)' --password-file \(node.home.path(of: "pg.secret")) "
            + "--config \(node.configurationFile)"
        let shown = try await ChildProcess.run("script", ["-qec", command, "/dev/null"])
        #expect(shown.succeeded && shown.output.contains("█"), "\(shown.output)")
        await cluster.stop()
    }
}
