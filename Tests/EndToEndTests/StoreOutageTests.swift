import Glibc
import TestSupport
import Testing

/// The database goes away, hangs, comes back, or is followed by its standby.
@Suite(.timeLimit(.minutes(5))) struct StoreOutageTests {
    /// How a database fails.
    enum Failure: CaseIterable {
        /// An orderly shutdown: connections are closed, further ones refused.
        case stop
        /// Everything is open and nothing answers.
        case hang
    }

    /// Two seconds are the rule; the rest is for a busy machine and a new process of curl.
    static let patience = Duration.milliseconds(2_800)

    @Test(arguments: Failure.allCases) func loginsAreSentAwaySoonAndTokensGoOn(_ failure: Failure) async throws {
        let postgres = try await PostgresServer.start()
        let cluster = try await Cluster.make(nodes: 1, postgres: postgres, url: postgres.plainURL())
        try await cluster.start()
        let node = cluster.nodes[0]
        let secret = try node.home.write(Array("lee-secret".utf8), to: "lee.secret")
        _ = try await node.command(
            ["user", "add", "lee", "--first-name", "L", "--last-name", "Ee", "--password-file", secret]
        )
        let opened = try await node.open("alice", "alice-secret")
        let access = try #require(opened.text("access_token"))
        let refresh = try #require(opened.text("refresh_token"))
        #expect(await node.isReady())

        if failure == .stop { await postgres.stop() } else { try await postgres.pause() }
        for round in 0..<3 {
            for (name, directory) in [("alice", 1), ("lee", 0)] {
                let begun = ContinuousClock.now
                let answer = try await node.login(name, "\(name)-secret", directory: directory)
                let took = ContinuousClock.now - begun
                #expect(answer.status == 503 && took < Self.patience, "\(round) \(name): \(answer.status) \(took)")
                #expect(answer.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0)
                #expect(!answer.body.contains("PostgreSQL"))
            }
            let begun = ContinuousClock.now
            #expect(try await node.refresh(refresh).status == 503)
            #expect(ContinuousClock.now - begun < Self.patience)
            #expect(try await node.verifies(access))
        }
        #expect(await eventually { await !node.isReady() })
        let page = try await node.scrape()
        #expect(page.contains("ldapauthd_store_up 0"))

        if failure == .stop { try await postgres.restart() } else { try await postgres.resume() }
        let begun = ContinuousClock.now
        let isBack = try await eventually(within: .seconds(10)) {
            try await node.login("alice", "alice-secret", directory: 1).status == 200
        }
        let took = ContinuousClock.now - begun
        #expect(isBack && took < .seconds(5), "\(took)")
        #expect(try await node.refresh(refresh).status == 200)
        #expect(await eventually { await node.isReady() })
        #expect(node.log.contains("PostgreSQL cannot be reached"))
        #expect(node.log.contains("PostgreSQL is reachable again"))
        await cluster.stop()
        await postgres.stop()
    }

    @Test func aFailoverLosesNoAnsweredLogin() async throws {
        var options = PostgresServer.Options()
        options.isDurable = true
        let primary = try await PostgresServer.start(options)
        let standby = try await primary.startStandby()
        let url =
            "postgresql://tester@127.0.0.1:\(primary.port),127.0.0.1:\(standby.port)/test"
            + "?target_session_attrs=read-write"
        let cluster = try await Cluster.make(nodes: 1, postgres: primary, url: url)
        try await cluster.start()
        let node = cluster.nodes[0]
        let isOver = Flag()
        let port = node.port
        let load = Task {
            await withTaskGroup(of: [Int].self) { group in
                for _ in 0..<6 { group.addTask { await onThread { Self.logins(port, until: isOver) } } }
                return await group.reduce(into: [Int]()) { $0 += $1 }
            }
        }
        func count(_ server: PostgresServer) async throws -> Int {
            Int(try await server.sql("SELECT count(*) FROM session").prefix { $0.isNumber }) ?? 0
        }
        #expect(try await eventually(within: .seconds(30)) { try await count(primary) > 60 })
        // A crash in the middle of the load.
        primary.kill()
        try await standby.promote()
        let promoted = ContinuousClock.now
        let before = try await count(standby)
        let goesOn = try await eventually(within: .seconds(20)) { try await count(standby) > before + 20 }
        let took = ContinuousClock.now - promoted
        #expect(goesOn && took < .seconds(8), "\(took)")
        isOver.set()
        let numbers = await load.value
        #expect(numbers.count > 60 && Set(numbers).count == numbers.count)
        let kept = try await standby.sql("SELECT number FROM session").split(separator: "\n").compactMap { Int($0) }
        #expect(Set(numbers).isSubset(of: kept), "lost: \(Set(numbers).subtracting(kept))")
        #expect(await eventually { await node.isReady() })
        await cluster.stop()
        await standby.stop()
    }

    /// Logs in again and again; the DTTSessionIds that were answered.
    private static func logins(_ port: Int, until isOver: Flag) -> [Int] {
        let client = HTTPClient(port: port)
        var numbers: [Int] = []
        while !isOver.isSet {
            guard let answer = client.post("/token", FaultTests.form("alice", "alice-secret", 1)), answer.status == 200
            else {
                usleep(20_000)
                continue
            }
            if let number = Curl.Answer(status: 200, headers: [:], body: answer.body).number("DTTSessionId") {
                numbers.append(number)
            }
        }
        return numbers
    }

    @Test func aStartWaitsForItsDatabase() async throws {
        let postgres = try await PostgresServer.start()
        let cluster = try await Cluster.make(nodes: 2, postgres: postgres, url: postgres.plainURL())
        let (node, other) = (cluster.nodes[0], cluster.nodes[1])
        await postgres.stop()
        func begin(_ daemon: Daemon) throws -> ChildProcess {
            try ChildProcess.start(
                Daemon.binary,
                ["serve", "--config", daemon.configurationFile],
                errorFile: daemon.home.path(of: "log")
            )
        }
        let (waiting, stopped) = (try begin(node), try begin(other))
        for daemon in cluster.nodes {
            #expect(await eventually { daemon.log.contains("the start waits for it") }, "\(daemon.log)")
        }
        // Told to stop meanwhile, it ends in order.
        #expect(await stopped.stop(within: .seconds(10)) == .code(0))
        #expect(waiting.exit == nil)
        try await postgres.restart()
        #expect(await eventually(within: .seconds(10)) { await node.isReady() }, "\(node.log)")
        #expect(try await node.login("alice", "alice-secret", directory: 1).status == 200)
        #expect(node.log.contains("The database answers"))
        #expect(await waiting.stop(within: .seconds(20)) == .code(0))
        await cluster.stop()
        await postgres.stop()
    }
}
