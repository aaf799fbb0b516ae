import Glibc
import Synchronization
import TestSupport
import Testing

/// Three nodes behind HAProxy, as docs/scaling.md has them, under load while nodes are killed and the database is restarted: a
/// minute within `make test`, ten in `make soak`.
@Suite(.serialized) struct NodesSoakTests {
    static let names = (0..<40).map { "soak\($0)" }

    @Test(.timeLimit(.minutes(30))) func nothingAnsweredIsLostAndNothingEndedComesBack() async throws {
        var options = PostgresServer.Options()
        options.isDurable = true
        let postgres = try await PostgresServer.start(options)
        let cluster = try await Cluster.make(
            nodes: 3,
            postgres: postgres,
            url: postgres.plainURL(),
            // Whoever was not answered asks again; a restart of the database may take its time here.
            tokens: "refresh_reuse_grace = \"2m\"",
            http: "trusted_proxies = [\"127.0.0.1/32\"]",
            sections: "[throttle]\naccount_failures = 0\naddress_failures = 0\nrepeat_memory = \"0s\"",
            people: Cluster.ldif(Self.names)
        )
        try await cluster.start()
        let home = try TemporaryDirectory("ldapauthd-haproxy")
        let port = try freePort()
        try home.write(Array(try Self.documented(cluster.nodes, port: port).utf8), to: "haproxy.cfg")
        let haproxy = try ChildProcess.start("/usr/sbin/haproxy", ["-db", "-f", home.path(of: "haproxy.cfg")])
        let isUp = await eventually(within: .seconds(20)) {
            (try? await Curl.send(["http://127.0.0.1:\(port)/api/System/authenticationSetting"]))?.status == 200
        }
        #expect(isUp, "\(haproxy.errorOutput)")

        let begun = ContinuousClock.now
        let record = NodesRecord()
        let uptime = SoakTests.Uptime()
        let load = NodesLoad(
            port: port,
            nodes: cluster.nodes.map(\.port),
            names: Self.names,
            end: .now + SoakTests.length,
            record: record,
            database: uptime
        )
        let killing = Task { try await Self.killAndStart(cluster.nodes, until: load.end - .seconds(4)) }
        let restarting = Task { try await Self.restart(postgres, uptime, cluster.nodes[0], record) }
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 { group.addTask { await onThread { load.logIn(worker) } } }
            for worker in 0..<6 { group.addTask { await onThread { load.refresh(worker) } } }
            for _ in 0..<2 { group.addTask { await onThread { load.verify() } } }
            for worker in 0..<2 { group.addTask { await onThread { load.revoke(worker) } } }
        }
        let kills = try await killing.value
        try await restarting.value
        for node in cluster.nodes {
            #expect(await eventually(within: .seconds(20)) { await node.isReady() }, "\(node.log.suffix(2_000))")
        }
        try await Self.judge(record.state.withLock { $0 }, cluster, kills: kills, since: begun)
        await haproxy.stop()
        await cluster.stop()
        await postgres.stop()
    }

    /// The configuration of docs/scaling.md with the nodes of this machine.
    private static func documented(_ nodes: [Daemon], port: Int) throws -> String {
        let page = text(ofFile: "\(Daemon.repository)/docs/scaling.md")
        let start = try #require(page.range(of: "```haproxy\n")).upperBound
        let end = try #require(page[start...].range(of: "```")).lowerBound
        var lines: [String] = []
        for line in page[start..<end].split(separator: "\n", omittingEmptySubsequences: false) {
            switch line {
            case "    server a 192.0.2.11:8480 port 8481":
                lines += nodes.enumerated().map {
                    "    server n\($0) 127.0.0.1:\($1.port) port \($1.adminPort)"
                }
            case "    server b 192.0.2.12:8480 port 8481": break
            case "    bind 192.0.2.10:8080": lines.append("    bind 127.0.0.1:\(port)")
            default: lines.append(String(line))
            }
        }
        #expect(lines.count { $0.hasPrefix("    server n") } == 2 * nodes.count)
        return lines.joined(separator: "\n")
    }

    /// Kills a node and starts it again, one after the other.
    private static func killAndStart(_ nodes: [Daemon], until end: ContinuousClock.Instant) async throws -> Int {
        var kills = 0
        while true {
            try await Task.sleep(for: .milliseconds(Int.random(in: 2_000...5_000)))
            guard ContinuousClock.now < end else { return kills }
            let node = nodes[kills % nodes.count]
            node.kill()
            kills += 1
            try await node.start(within: .seconds(60))
        }
    }

    /// Restarts the database twice, once in order and once after a crash, and rotates the keys in between.
    private static func restart(
        _ postgres: PostgresServer,
        _ uptime: SoakTests.Uptime,
        _ node: Daemon,
        _ record: NodesRecord
    ) async throws {
        for isCrash in [false, true] {
            try await Task.sleep(for: SoakTests.length / 4)
            uptime.down(isFrozen: false)
            if isCrash { postgres.kill() } else { await postgres.stop() }
            try await postgres.restart()
            uptime.up()
            try await Task.sleep(for: .seconds(6))
            let begun = ContinuousClock.now
            record.add { $0.rotations.append((begun, begun + .seconds(30))) }
            let rotated = try await node.command(["key", "rotate"])
            record.add { $0.rotations[$0.rotations.count - 1].1 = .now }
            #expect(rotated.succeeded, "\(rotated.errorOutput)")
        }
    }

    private static func judge(
        _ seen: NodesRecord.State,
        _ cluster: Cluster,
        kills: Int,
        since begun: ContinuousClock.Instant
    ) async throws {
        #expect(seen.faults.isEmpty, "\(seen.faults)")
        // Every answered login is there, under a number of its own.
        let rows = try await cluster.sql("SELECT number, user_id, username FROM session")
        let kept = Set(rows.split(separator: "\n"))
        let lost = seen.opened.filter { !kept.contains("\($0.number)|\($0.userID)|\($0.name)") }
        #expect(lost.isEmpty, "\(lost.prefix(5))")
        #expect(Set(seen.opened.map(\.number)).count == seen.opened.count, "a DTTSessionId of two sessions")
        // Everybody has one userId, and nobody shares it.
        let ids = Dictionary(grouping: seen.opened, by: \.name).mapValues { Set($0.map(\.userID)) }
        #expect(ids.values.allSatisfy { $0.count == 1 }, "\(ids)")
        #expect(Set(ids.values.flatMap { $0 }).count == ids.count)
        let people = try await cluster.sql("SELECT count(DISTINCT user_id) = count(*) FROM identity")
        #expect(people == "t\n")
        // Every session that was refreshed goes on, at any node.
        for (place, token) in seen.chains.enumerated() {
            let node = cluster.nodes[place % cluster.nodes.count]
            let answer = try await node.refresh(token)
            #expect(answer.status == 200, "\(answer.body)")
        }
        // What was ended stays ended, everywhere.
        let open = try await cluster.sql("SELECT id FROM session WHERE ended_at IS NULL")
        let revived = Set(open.split(separator: "\n").map(String.init)).intersection(seen.ended.map(\.session))
        #expect(revived.isEmpty)
        let (ports, ended) = (cluster.nodes.map(\.port), seen.ended)
        let good = await onThread {
            ports.map { port in
                let client = HTTPClient(port: port)
                return ended.count { client.get("/api/v1/auth/verify", token: $0.access)?.status == 200 }
            }
        }
        #expect(good == [0, 0, 0])
        for one in ended.suffix(20) { #expect(try await cluster.nodes[0].refresh(one.refresh).status == 400) }
        #expect(seen.delays.allSatisfy { $0 <= .seconds(1) }, "\(seen.delays.sorted().suffix(5))")
        let slowest = seen.delays.max() ?? .zero
        print(
            "soak of nodes: \(seen.opened.count) logins, \(seen.refreshes) refreshes (\(seen.retries) repeated), "
                + "\(seen.verified) verified, \(seen.ended.count) ended (\(seen.delays.count) timed, the slowest \(slowest)), "
                + "\(kills) kills, \(seen.unanswered) sent away"
        )
        // It was a load, and most of it was served.
        let seconds = Int((SoakTests.length - LostTime.since(begun)).components.seconds)
        #expect(seen.opened.count > seconds * 3 && seen.refreshes > seconds * 3 && seen.verified > seconds * 3)
        #expect(seen.ended.count > seconds / 12 && seen.delays.count > seconds / 20)
        #expect(kills >= seconds / 30 && seen.chains.count == 6)
    }
}
