import Glibc
import Synchronization
import TestSupport
import Testing

/// Logins at a steady pace while servers stop, crash, freeze and return: `make soak` for ten minutes, a minute within `make test`
/// (LDAPAUTHD_SOAK_SECONDS).
@Suite(.serialized) struct SoakTests {
    static let length = Duration.seconds(getenv("LDAPAUTHD_SOAK_SECONDS").flatMap { Int(String(cString: $0)) } ?? 60)
    static let perSecond = 50
    /// How long after the return of a directory its people may still be sent away.
    static let recovery = Duration.seconds(5)

    /// Who asks a frozen host learns of it after `operation_timeout`, and until then others ask it, too.
    static let patience = Duration.seconds(2)

    /// When a server was stopped or frozen, and when it was back.
    final class Uptime: Sendable {
        private struct Span {
            var begin = ContinuousClock.now
            var end: ContinuousClock.Instant?
            var isFrozen = false
        }

        private let state = Mutex([Span()])

        func down(isFrozen: Bool) {
            state.withLock { spans in
                spans[spans.count - 1].end = .now
                spans[spans.count - 1].isFrozen = isFrozen
            }
        }

        func up() { state.withLock { $0.append(Span()) } }

        /// Whether it was up all the time between, with `margin` before it.
        func covers(_ begin: ContinuousClock.Instant, _ end: ContinuousClock.Instant, margin: Duration) -> Bool {
            state.withLock { spans in
                spans.contains { $0.begin + margin <= begin && ($0.end ?? end) >= end }
            }
        }

        /// Whether it went away between, or was not known to have done so yet.
        func wentDown(_ begin: ContinuousClock.Instant, _ end: ContinuousClock.Instant) -> Bool {
            state.withLock { spans in
                spans.contains { span in
                    let begin = begin - (span.isFrozen ? SoakTests.patience : .zero) - .seconds(1)
                    return span.end.map { begin <= $0 && $0 <= end } ?? false
                }
            }
        }
    }

    struct Outcome: Sendable {
        let directory: Int
        let isRight: Bool
        let status: Int
        let begun: ContinuousClock.Instant
        let ended: ContinuousClock.Instant
    }

    @Test(.timeLimit(.minutes(30))) func noWrongAnswerWhateverStops() async throws {
        let servers = [try await Slapd.start(), try await Slapd.start(), try await Slapd.start()]
        let uptimes = servers.map { _ in Uptime() }
        // 0 and 1 are hosts of directory 1, 2 is directory 2.
        let members = [1: [0, 1], 2: [2]]
        let daemon = try Self.daemon(servers)
        _ = try await daemon.command(
            [
                "user", "add", "lee", "--first-name", "L", "--last-name", "Ee", "--password-file",
                daemon.home.path(of: "lee.secret"),
            ]
        )
        try await daemon.start()
        let end = ContinuousClock.now + Self.length
        let chaos = Task { try await Self.stopAndStart(servers, uptimes, until: end) }
        let outcomes = await withTaskGroup(of: [Outcome].self) { group in
            let workers = 12
            let port = daemon.port
            for worker in 0..<workers {
                group.addTask { await onThread { Self.logins(worker, of: workers, port: port, until: end) } }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        let (stops, freezes) = try await chaos.value
        for server in servers { server.resume() }
        var counts: [String: Int] = [:]
        for outcome in outcomes {
            counts["\(outcome.directory) \(outcome.isRight ? "right" : "wrong") \(outcome.status)", default: 0] += 1
            let allowed = outcome.isRight ? [200, 503] : [400, 503]
            #expect(allowed.contains(outcome.status), "\(outcome)")
            guard outcome.status == 503 else { continue }
            guard let hosts = members[outcome.directory] else {
                Issue.record("a local account was sent away: \(outcome)")
                continue
            }
            // A host that was up all the time, and back for long enough, would have answered. A bind that was on its way
            // to a host that stopped is lost: nobody may repeat it elsewhere.
            let wasServed = hosts.contains { uptimes[$0].covers(outcome.begun, outcome.ended, margin: Self.recovery) }
            let sawStop = hosts.contains { uptimes[$0].wentDown(outcome.begun, outcome.ended) }
            #expect(!wasServed || sawStop, "\(outcome)")
        }
        print(
            "soak: \(outcomes.count) logins, \(stops) stops, \(freezes) freezes: \(counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })"
        )
        // It was a load, and the servers were there for most of it.
        let pace = Double(outcomes.count) / Double(Self.length.components.seconds)
        #expect(pace > Double(Self.perSecond) * 0.8, "\(pace) logins/s")
        #expect(outcomes.count { $0.status == 200 } > outcomes.count / 4)
        #expect(daemon.log.contains("directory host answers again"))
        await daemon.stop()
        for server in servers { await server.stop() }
    }

    static func daemon(_ servers: [Slapd]) throws -> Daemon {
        func directory(_ id: Int, _ name: String, _ urls: [String]) -> String {
            """
            [[directory]]
            id = \(id)
            name = "\(name)"
            kind = "openldap"
            urls = [\(urls.map { "\"\($0)\"" }.joined(separator: ", "))]
            bind_dn = "\(servers[0].serviceDN)"
            bind_password_file = "service.secret"
            user_base = "ou=people,dc=example,dc=org"
            connect_timeout = "1s"
            operation_timeout = "2s"
            dn_cache = "5s"
            [directory.groups]
            base = "ou=groups,dc=example,dc=org"

            """
        }
        return try Daemon(
            """
            [authentication]
            order = ["local"]
            login_client = "login"
            fallback_to_local = []
            [throttle]
            account_failures = 0
            address_failures = 0
            repeat_memory = "0s"
            [local]
            argon2_memory = "64KiB"
            argon2_iterations = 1
            \(directory(1, "corp", [servers[0].url, servers[1].url]))
            \(directory(2, "partner", [servers[2].url]))
            [[client]]
            id = "login"
            grants = ["password"]
            scopes = ["api"]
            """,
            secrets: ["service.secret": servers[0].servicePassword, "lee.secret": "lee-secret"]
        )
    }

    /// Takes a server away or brings it back at random every one to three seconds: in order, by a crash, or frozen, so that
    /// connections to it live on and nobody answers. Mostly they are up.
    static func stopAndStart(
        _ servers: [Slapd],
        _ uptimes: [Uptime],
        until end: ContinuousClock.Instant
    ) async throws -> (stops: Int, freezes: Int) {
        enum State { case up, down, frozen }
        var states = servers.map { _ in State.up }
        var (stops, freezes) = (0, 0)
        while ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(Int.random(in: 1_000...3_000)))
            let away = servers.indices.filter { states[$0] != .up }
            let index = (Int.random(in: 0..<3) > 0 ? away.randomElement() : nil) ?? servers.indices.randomElement() ?? 0
            let server = servers[index]
            switch states[index] {
            case .up:
                let how = Int.random(in: 0..<3)
                uptimes[index].down(isFrozen: how == 0)
                switch how {
                case 0: server.pause()
                case 1: await server.stop()
                default: server.kill()
                }
                states[index] = how == 0 ? .frozen : .down
                stops += how == 0 ? 0 : 1
                freezes += how == 0 ? 1 : 0
                continue
            case .down: try await server.restart()
            case .frozen: server.resume()
            }
            uptimes[index].up()
            states[index] = .up
        }
        return (stops, freezes)
    }

    private static func logins(_ worker: Int, of workers: Int, port: Int, until end: ContinuousClock.Instant)
        -> [Outcome]
    {
        let client = HTTPClient(port: port)
        var outcomes: [Outcome] = []
        // Each has its own beat; together they make the pace.
        let pause = Duration.seconds(1) * workers / perSecond
        var next = ContinuousClock.now + pause * worker / workers
        while next < end {
            let wait = (next - .now).components
            if wait.seconds > 0 || wait.attoseconds > 0 {
                usleep(UInt32(wait.seconds * 1_000_000 + wait.attoseconds / 1_000_000_000_000))
            }
            next += pause
            let directory = [0, 1, 1, 1, 2].randomElement() ?? 1
            let isRight = Int.random(in: 0..<4) > 0
            let name = directory == 0 ? "lee" : ["alice", "bob"].randomElement() ?? "alice"
            let begun = ContinuousClock.now
            let form = FaultTests.form(
                name,
                isRight ? "\(name)-secret" : "wrong-\(UInt32.random(in: 0...9_999))",
                directory
            )
            let status = client.post("/token", form)?.status ?? 0
            outcomes.append(
                Outcome(directory: directory, isRight: isRight, status: status, begun: begun, ended: .now)
            )
        }
        return outcomes
    }
}
