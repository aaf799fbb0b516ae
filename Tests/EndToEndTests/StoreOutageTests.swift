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

    /// Two seconds are the rule; the rest is for a busy machine.
    static let patience = Duration.milliseconds(2_900)
    /// What is promised; a busy machine leaves most answers alone.
    static let promise = Duration.seconds(2)

    /// Posts a form without starting a process for it, and how long the answer took.
    private static func post(_ port: Int, _ path: String, _ form: String) async -> (status: Int, took: Duration) {
        await onThread {
            let client = HTTPClient(port: port)
            let begun = ContinuousClock.now
            let status = client.post(path, form)?.status ?? 0
            return (status, ContinuousClock.now - begun - LostTime.since(begun))
        }
    }

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

        // A failure that is to be cleared: the next success writes to the store twice.
        #expect(try await node.login("bob", "wrong", directory: 1).status == 400)

        if failure == .stop { await postgres.stop() } else { try await postgres.pause() }
        let people = [("bob", 1), ("alice", 1), ("lee", 0)]
        let form = "grant_type=refresh_token&refresh_token=\(refresh)&client_id=web&client_secret=web-secret"
        var times: [Duration] = []
        for round in 0..<3 {
            for (name, directory) in people {
                let (status, took) = await Self.post(
                    node.port,
                    "/token",
                    FaultTests.form(name, "\(name)-secret", directory)
                )
                #expect(status == 503 && took < Self.patience, "\(round) \(name): \(status) \(took)")
                times.append(took)
            }
            let (status, took) = await Self.post(node.port, "/api/v1/auth/token", form)
            #expect(status == 503 && took < Self.patience, "\(round): \(status) \(took)")
            #expect(try await node.verifies(access))
        }
        #expect(times.sorted()[times.count / 2] < Self.promise, "\(times)")
        let answer = try await node.login("alice", "alice-secret", directory: 1)
        #expect(answer.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0)
        #expect(!answer.body.contains("PostgreSQL"))
        #expect(await eventually { await !node.isReady() })
        let page = try await node.scrape()
        #expect(page.contains("ldapauthd_store_up 0"))

        if failure == .stop { try await postgres.restart() } else { try await postgres.resume() }
        let begun = ContinuousClock.now
        let isBack = try await eventually(within: .seconds(10)) {
            try await node.login("alice", "alice-secret", directory: 1).status == 200
        }
        let took = ContinuousClock.now - begun - LostTime.since(begun)
        #expect(isBack && took < .seconds(5), "\(took)")
        #expect(try await node.refresh(refresh).status == 200)
        #expect(await eventually { await node.isReady() })
        // One that hangs for a moment only keeps its connections.
        let log = await node.logged()
        let isTold =
            log.contains("PostgreSQL cannot be reached")
            || failure == .hang && log.contains("PostgreSQL does not answer")
        #expect(isTold)
        #expect(log.contains("PostgreSQL is reachable again") || log.contains("PostgreSQL answers again"))
        await cluster.stop()
        await postgres.stop()
    }

    @Test func aFailoverLosesNoAnsweredLogin() async throws {
        var options = PostgresServer.Options()
        options.isDurable = true
        let primary = try await PostgresServer.start(options)
        let standby = try await primary.startStandby()
        // The standby first: what cannot be written to is passed over.
        let url = "postgresql://tester@127.0.0.1:\(standby.port),127.0.0.1:\(primary.port)/test"
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
        let isBack = await eventually(within: .seconds(20), every: .milliseconds(50)) {
            await Self.post(port, "/token", FaultTests.form("bob", "bob-secret", 1)).status == 200
        }
        let took = ContinuousClock.now - promoted - LostTime.since(promoted)
        #expect(isBack && took < .seconds(5), "\(took)")
        let before = try await count(standby)
        #expect(try await eventually(within: .seconds(20)) { try await count(standby) > before + 20 })
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
        #expect(await node.logged().contains("The database answers"))
        #expect(await waiting.stop(within: .seconds(20)) == .code(0))
        await cluster.stop()
        await postgres.stop()
    }
}
