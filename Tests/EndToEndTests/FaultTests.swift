import FoundationEssentials
import Glibc
import Synchronization
import TestSupport
import Testing

/// A directory behind a broken network, another that is well, and local accounts, all in one daemon.
@Suite(.serialized) struct FaultTests {
    /// What is done to directory 1.
    enum Fault: String, CaseIterable, Sendable {
        case refused, blackHole, halfOpen, resetInMessage, dripping, delay, notice, garbage, expiredCertificate

        var mode: FaultProxy.Mode {
            switch self {
            case .refused: .refuse
            case .blackHole: .blackHole
            case .halfOpen: .halfOpen
            case .resetInMessage: .resetInMessage
            case .dripping: .drip
            case .delay: .delay
            case .notice: .notice
            case .garbage: .garbage
            case .expiredCertificate: .pass
            }
        }
    }

    /// A login: when it began, how long it took, what was answered.
    struct Login: Sendable {
        var begun: ContinuousClock.Instant
        var duration: Duration
        var status: Int
        /// What the machine took away meanwhile.
        var lost: Duration

        /// What it took of the daemon.
        var served: Duration { duration - lost }
    }

    /// What the people of one source saw.
    struct Seen: Sendable {
        var logins: [Login] = []

        var statuses: [Int: Int] { logins.reduce(into: [:]) { $0[$1.status, default: 0] += 1 } }
        var slowest: Duration { logins.map(\.served).max() ?? .zero }

        func percentile(_ part: Double) -> Duration {
            let sorted = logins.map(\.served).sorted()
            return sorted.isEmpty ? .zero : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
        }

        /// The logins that began within one of the windows.
        func during(_ windows: [Range<ContinuousClock.Instant>]) -> Seen {
            Seen(logins: logins.filter { login in windows.contains { $0.contains(login.begun) } })
        }
    }

    /// A little more than `login_budget`.
    static let answered = Duration.seconds(6.25)
    /// Whoever waited for the broken directory would have waited for `connect_timeout` at least.
    static let unnoticed = Duration.milliseconds(500)
    /// What a single login may take beyond, once: a machine may do that to somebody, but nobody hangs.
    static let hiccup = Duration.seconds(2)

    struct World {
        let corp: Slapd
        let expired: Slapd?
        /// Its files are gone with it.
        let authority: CertificateAuthority?
        let partner: Slapd
        let proxy: FaultProxy
        let daemon: Daemon

        func stop() async {
            await daemon.stop()
            proxy.stop()
            await corp.stop()
            await partner.stop()
            await expired?.stop()
        }
    }

    static func world(_ fault: Fault) async throws -> World {
        let partner = try await Slapd.start()
        var options = Slapd.Options()
        var expired: Slapd?
        var tls = ""
        let authority = fault == .expiredCertificate ? try await CertificateAuthority.make() : nil
        if let authority {
            options.ldaps = true
            options.tls = .init(
                certificate: try await authority.issue(.expired),
                clientCAFile: authority.certificateFile
            )
            expired = try await Slapd.start(options)
            options.tls?.certificate = try await authority.issue(.good)
            tls = "ca_file = \"\(authority.certificateFile)\""
        }
        let corp = try await Slapd.start(options)
        let proxy = try FaultProxy.start(to: expired == nil ? corp.port : corp.ldapsPort)
        func directory(_ id: Int, _ name: String, _ url: String, _ more: String) -> String {
            """
            [[directory]]
            id = \(id)
            name = "\(name)"
            kind = "openldap"
            urls = ["\(url)"]
            \(more)
            bind_dn = "\(partner.serviceDN)"
            bind_password_file = "service.secret"
            user_base = "ou=people,dc=example,dc=org"
            connect_timeout = "1s"
            operation_timeout = "3s"
            dn_cache = "0s"
            [directory.groups]
            base = "ou=groups,dc=example,dc=org"

            """
        }
        let daemon = try Daemon(
            """
            [authentication]
            order = ["local"]
            login_client = "login"
            fallback_to_local = []
            login_budget = "6s"
            [throttle]
            account_failures = 0
            address_failures = 0
            repeat_memory = "0s"
            [local]
            argon2_memory = "64KiB"
            argon2_iterations = 1
            \(directory(1, "corp", "\(expired == nil ? "ldap" : "ldaps")://127.0.0.1:\(proxy.port)", tls))
            \(directory(2, "partner", partner.url, ""))
            [[client]]
            id = "login"
            grants = ["password"]
            scopes = ["api"]
            """,
            secrets: ["service.secret": partner.servicePassword, "lee.secret": "lee-secret"]
        )
        _ = try await daemon.command(
            [
                "user", "add", "lee", "--first-name", "L", "--last-name", "Ee", "--password-file",
                daemon.home.path(of: "lee.secret"),
            ]
        )
        try await daemon.start()
        return World(corp: corp, expired: expired, authority: authority, partner: partner, proxy: proxy, daemon: daemon)
    }

    static func form(_ name: String, _ password: String, _ directory: Int) -> String {
        "grant_type=password&username=\(name)&password=\(password)&LDAPServerId=\(directory)"
    }

    /// Where the people of one source write down what they see.
    final class Book: Sendable {
        private let pages = Mutex(Seen())

        var seen: Seen { pages.withLock { $0 } }

        func note(_ login: Login) { pages.withLock { $0.logins.append(login) } }
    }

    /// Somebody who logs in again and again until `hasEnded`.
    static func logIn(
        _ port: Int,
        _ form: String,
        every pause: Duration,
        into book: Book,
        until hasEnded: Flag
    ) async {
        await onThread {
            let client = HTTPClient(port: port)
            while !hasEnded.isSet {
                let begun = ContinuousClock.now
                let status = client.post("/token", form)?.status ?? 0
                let ended = ContinuousClock.now
                let lost = LostTime.since(begun, until: ended)
                usleep(UInt32(pause.components.attoseconds / 1_000_000_000_000))
                book.note(Login(begun: begun, duration: ended - begun, status: status, lost: lost))
            }
        }
    }

    /// Windows in which all was well and in which it was broken, by turns: a busy machine slows both alike.
    struct Windows: Sendable {
        var well: [Range<ContinuousClock.Instant>] = []
        var broken: [Range<ContinuousClock.Instant>] = []

        /// What a busy machine may do to one login of a hundred. Whoever waits for the broken directory waits ten times as long.
        private static let hiccup = Duration.milliseconds(50)

        /// How much slower each broken window was than the well one before it; the middle one of all pairs.
        func middleRatio(_ seen: Seen, _ part: Double) -> Double {
            let ratios = zip(well, broken).map { well, broken in
                let (well, broken) = (seen.during([well]), seen.during([broken]))
                let slow = max(.zero, broken.percentile(part) - (part > 0.5 ? Self.hiccup : .zero))
                return slow / max(well.percentile(part), .microseconds(1))
            }
            return ratios.sorted()[ratios.count / 2]
        }

        /// The people of another directory see no change.
        func isUnchanged(_ seen: Seen) -> Bool { middleRatio(seen, 0.5) < 1.25 && middleRatio(seen, 0.99) < 1.5 }

        /// The slowest login of each broken window; the middle one of all. Whoever waits behind the broken directory does so in
        /// every window.
        func middleOfSlowest(_ seen: Seen) -> Duration {
            let slowest = broken.map { seen.during([$0]).slowest }.sorted()
            return slowest[slowest.count / 2]
        }
    }

    /// Something else on the machine may fall on two of three broken windows; on most of seven it does not.
    static let pairs = 3...7
    static let wellFor = Duration.seconds(3)
    /// Longer than `operation_timeout`, so that the worst of a silent server is in it.
    static let brokenFor = Duration.seconds(4)

    static func breakAndMend(_ world: World, _ fault: Fault, until isFine: (Windows) -> Bool) async throws -> Windows {
        var windows = Windows()
        while windows.broken.count < pairs.upperBound {
            let well = ContinuousClock.now
            try await Task.sleep(for: wellFor)
            windows.well.append(well..<ContinuousClock.now)
            // Connections made before have the good certificate: a server that renews is a server that restarts.
            if fault == .expiredCertificate {
                world.proxy.mode = .refuse
                try await Task.sleep(for: .milliseconds(200))
            }
            let broken = ContinuousClock.now
            world.proxy.mode = world.expired.map { .elsewhere($0.ldapsPort) } ?? fault.mode
            try await Task.sleep(for: brokenFor)
            windows.broken.append(broken..<ContinuousClock.now)
            world.proxy.mode = .pass
            // Logins that began in it have their end in it.
            try await Task.sleep(for: .milliseconds(500))
            if windows.broken.count >= pairs.lowerBound, isFine(windows) { break }
        }
        return windows
    }

    static func descriptors(_ pid: Int32) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? -1
    }

    @Test(arguments: Fault.allCases) func onlyItsOwnPeopleAreTouched(_ fault: Fault) async throws {
        let world = try await Self.world(fault)
        LostTime.watch()
        let (port, hasEnded, began) = (world.daemon.port, Flag(), ContinuousClock.now)
        let books = (corp: Book(), partner: Book(), local: Book())
        let alice = Self.form("alice", "alice-secret", 1)
        let crowd: [(form: String, pause: Duration, book: Book, count: Int)] = [
            (Self.form("lee", "lee-secret", 0), .milliseconds(50), books.local, 1),
            (Self.form("bob", "bob-secret", 2), .milliseconds(10), books.partner, 2),
            (alice, .milliseconds(100), books.corp, 4),
        ]
        let people = crowd.flatMap { one in
            (0..<one.count).map { _ in
                Task { await Self.logIn(port, one.form, every: one.pause, into: one.book, until: hasEnded) }
            }
        }
        let areThere = await eventually(within: .seconds(30)) {
            [books.corp, books.partner, books.local].allSatisfy { $0.seen.logins.count > 10 }
        }
        #expect(areThere)
        let before = Self.descriptors(world.daemon.pid)
        let windows = try await Self.breakAndMend(world, fault) { windows in
            [windows.well, windows.broken].allSatisfy { books.partner.seen.during($0).logins.count > 150 }
                && windows.isUnchanged(books.partner.seen)
                && windows.middleOfSlowest(books.local.seen) < Self.unnoticed
                && windows.middleOfSlowest(books.corp.seen) < Self.answered
        }
        let returned = windows.broken.last?.upperBound ?? .now
        func firstBack() -> ContinuousClock.Instant? {
            books.corp.seen.logins.filter { $0.begun >= returned && $0.status == 200 }
                .map { $0.begun + $0.duration }.min()
        }
        _ = await eventually(within: .seconds(20), every: .milliseconds(100)) { firstBack() != nil }
        let back = firstBack().map { $0 - returned - LostTime.since(returned, until: $0) } ?? .seconds(99)
        hasEnded.set()
        for person in people { await person.value }
        let (corp, partner, local) = (books.corp.seen, books.partner.seen, books.local.seen)

        let (well, broken) = (partner.during(windows.well), partner.during(windows.broken))
        let said =
            "partner: median \(well.percentile(0.5)) -> \(broken.percentile(0.5)) "
            + "(x\(windows.middleRatio(partner, 0.5))), p99 \(well.percentile(0.99)) -> \(broken.percentile(0.99)) "
            + "(x\(windows.middleRatio(partner, 0.99))), \(well.logins.count) and \(broken.logins.count) logins, "
            + "\(windows.broken.count) windows each; the machine took \(LostTime.since(began)) away"
        let sent = corp.during(windows.broken)
        let slowest = (local: windows.middleOfSlowest(local), corp: windows.middleOfSlowest(corp))
        print(
            "\(fault): corp \(sent.statuses) slowest \(slowest.corp), once \(corp.slowest); "
                + "local slowest \(slowest.local), once \(local.slowest); back after \(back); \(said)"
        )
        #expect(Set(local.statuses.keys) == [200] && Set(partner.statuses.keys) == [200])
        #expect(slowest.local < Self.unnoticed && local.slowest < Self.unnoticed + Self.hiccup, "\(said)")
        // No change for the people of another directory.
        #expect(well.logins.count > 150 && broken.logins.count > 150, "\(said)")
        #expect(windows.isUnchanged(partner), "\(said)")
        // Never a refusal, whatever happens; and an answer within the budget.
        let undisturbed = windows.well.prefix(1).flatMap { window in
            corp.during([window]).logins.filter { $0.begun + $0.duration < window.upperBound }
        }
        #expect(undisturbed.count > 10 && undisturbed.allSatisfy { $0.status == 200 })
        #expect(Set(corp.statuses.keys).isSubset(of: [200, 503]))
        #expect(sent.statuses[503] != nil || fault == .delay)
        #expect(slowest.corp < Self.answered && corp.slowest < Self.answered + Self.hiccup, "\(said)")
        #expect(back < .seconds(5), "\(said)")
        // What the fault held open is closed: at most the connections of the people are new.
        #expect(
            await eventually(within: .seconds(20), every: .milliseconds(200)) {
                Self.descriptors(world.daemon.pid) <= before + 10
            },
            "\(before), then \(Self.descriptors(world.daemon.pid))"
        )
        await world.stop()
    }
}
