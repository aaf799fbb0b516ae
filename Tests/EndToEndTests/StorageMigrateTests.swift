import Glibc
import TestSupport
import Testing

/// From one node on SQLite to PostgreSQL, as an administrator does it.
@Suite(.timeLimit(.minutes(5))) struct StorageMigrateTests {
    private static func useSQLite(_ node: Daemon) throws {
        try node.rewrite { text in
            text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line in
                if line.hasPrefix("url = \"postgresql:") { return "url = \"sqlite:store.db\"" }
                return line.hasPrefix("password_file") ? nil : String(line)
            }.joined(separator: "\n")
        }
    }

    @Test func killedInTheMiddleItLeavesNothingBehind() async throws {
        let cluster = try await Cluster.make(nodes: 1)
        let node = cluster.nodes[0]
        // The tables, which whoever means to write makes, and a brake at one of the last.
        #expect(try await node.command(["user", "remove", "nobody"]).exit == .code(1))
        _ = try await cluster.sql(
            """
            CREATE FUNCTION brake() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN PERFORM pg_sleep(60); RETURN NEW; END$$;
            CREATE TRIGGER brake BEFORE INSERT ON token_key FOR EACH ROW EXECUTE FUNCTION brake()
            """
        )
        try Self.useSQLite(node)
        try await node.start()
        _ = try await node.login("alice", "alice-secret", directory: 1)
        await node.stop()
        let arguments = [
            "storage", "migrate", cluster.postgres.plainURL(database: cluster.database), "--password-file",
            node.home.path(of: "pg.secret"), "--config", node.configurationFile,
        ]
        let child = try ChildProcess.start(Daemon.binary, arguments)
        let asleep = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
        let isBraked = try await eventually(within: .seconds(20)) {
            try await cluster.sql("SELECT count(*) \(asleep)") == "1\n"
        }
        #expect(isBraked, "\(child.errorOutput)")
        child.kill()
        // The server would notice when it is done sleeping.
        _ = try await cluster.sql("SELECT pg_terminate_backend(pid) \(asleep)")
        for table in ["identity", "session", "setting", "token_key"] {
            #expect(try await cluster.sql("SELECT count(*) FROM \(table)") == "0\n")
        }
        _ = try await cluster.sql("DROP TRIGGER brake ON token_key")
        let again = try await ChildProcess.run(Daemon.binary, arguments)
        #expect(again.succeeded, "\(again.errorOutput)")
        #expect(try await cluster.sql("SELECT count(*) FROM session") == "1\n")
        await cluster.stop()
    }

    @Test func nobodyHasToLogInAgain() async throws {
        let cluster = try await Cluster.make(nodes: 1)
        let node = cluster.nodes[0]
        let url = cluster.postgres.plainURL(database: cluster.database)
        let password = node.home.path(of: "pg.secret")
        // It begins on SQLite.
        let whole = text(ofFile: node.configurationFile)
        try Self.useSQLite(node)
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
        try Self.useSQLite(node)
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
