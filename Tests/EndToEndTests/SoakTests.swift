import Glibc
import Synchronization
import TestSupport
import Testing

/// Logins at a steady pace while servers come and go: `make soak` for ten minutes, a minute within `make test`
/// (LDAPAUTHD_SOAK_SECONDS).
@Suite(.serialized) struct SoakTests {
    static let length = Duration.seconds(getenv("LDAPAUTHD_SOAK_SECONDS").flatMap { Int(String(cString: $0)) } ?? 60)
    static let perSecond = 50
    /// How long after the return of a directory its people may still be sent away.
    static let recovery = Duration.seconds(5)

    /// When a server was stopped and started.
    final class Uptime: Sendable {
        private let state: Mutex<[(begin: ContinuousClock.Instant, end: ContinuousClock.Instant?)]>

        init() { state = Mutex([(.now, nil)]) }

        func down() { state.withLock { $0[$0.count - 1].end = .now } }
        func up() { state.withLock { $0.append((.now, nil)) } }

        /// Whether it was up all the time between, with `margin` before it.
        func covers(_ begin: ContinuousClock.Instant, _ end: ContinuousClock.Instant, margin: Duration) -> Bool {
            state.withLock { spans in
                spans.contains { $0.begin + margin <= begin && ($0.end ?? end) >= end }
            }
        }

        /// Whether it was stopped between.
        func wentDown(_ begin: ContinuousClock.Instant, _ end: ContinuousClock.Instant) -> Bool {
            state.withLock { spans in spans.contains { $0.end.map { begin <= $0 && $0 <= end } ?? false } }
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
        let stops = try await chaos.value
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
            let sawStop = hosts.contains { uptimes[$0].wentDown(outcome.begun - .seconds(1), outcome.ended) }
            #expect(!wasServed || sawStop, "\(outcome)")
        }
        print(
            "soak: \(outcomes.count) logins, \(stops) stops: \(counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })"
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

    /// Stops or starts a server at random every one to three seconds, in order or by a crash; mostly they are up.
    static func stopAndStart(
        _ servers: [Slapd],
        _ uptimes: [Uptime],
        until end: ContinuousClock.Instant
    ) async throws -> Int {
        var isUp = servers.map { _ in true }
        var stops = 0
        while ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(Int.random(in: 1_000...3_000)))
            let down = servers.indices.filter { !isUp[$0] }
            let index = (Int.random(in: 0..<3) > 0 ? down.randomElement() : nil) ?? servers.indices.randomElement() ?? 0
            if isUp[index] {
                uptimes[index].down()
                if Bool.random() { await servers[index].stop() } else { servers[index].kill() }
                stops += 1
            } else {
                try await servers[index].restart()
                uptimes[index].up()
            }
            isUp[index].toggle()
        }
        return stops
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
