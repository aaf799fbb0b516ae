import Logging
import Synchronization
import Testing

@testable import Authentication

/// A daemon's worth of rules over scripted sources, as often as there are nodes.
private struct Node {
    let throttle: Throttle
    let source: ScriptedSource
    let local: ScriptedSource
    let authenticator: Authenticator

    init(
        _ store: MemoryThrottleStore? = nil,
        clock: TestClock = TestClock(),
        settings: ThrottleSettings = ThrottleSettings(),
        otherwise: ScriptedSource.Answer = .refuses(.unknownUser),
        slowness: Duration = .zero,
        patience: Duration = .seconds(30)
    ) {
        throttle = Throttle(
            settings,
            secret: [UInt8](repeating: 7, count: 32),
            store: store,
            clock: clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            olderPatience: patience
        )
        source = ScriptedSource(
            1,
            ["alice": .letsIn("right"), "bob": .letsIn("right")],
            otherwise: otherwise,
            slowness: slowness
        )
        local = ScriptedSource(0)
        authenticator = Authenticator(
            settings: AuthenticationSettings(order: [SourceID(1), .local], loginBudget: patience),
            local: local,
            directories: [source],
            throttle: throttle
        )
    }

    func login(_ name: String, _ password: String, from address: String = "198.51.100.7") async -> AuthenticationResult
    {
        await authenticator.authenticate(
            AuthenticationRequest(username: name, password: Password(password), address: address)
        )
    }

    /// 200, 400, 429 or 503.
    func status(_ name: String, _ password: String, from address: String = "198.51.100.7") async -> Int {
        switch await login(name, password, from: address) {
        case .authenticated: 200
        case .rejected(let rejection): rejection.wait == nil ? 400 : 429
        case .unavailable: 503
        }
    }
}

@Suite("The throttle in front of the sources", .timeLimit(.minutes(1)))
struct ThrottleTests {
    @Test("Who waits for a place at the address sleeps until there is one; those who give up leave nothing behind")
    func parked() async throws {
        var settings = ThrottleSettings()
        settings.addressFailures = 2
        let throttle = Node(settings: settings).throttle
        func attempt(_ name: String, _ limit: Duration = .seconds(20)) -> ThrottledAttempt {
            let login = ThrottledLogin(
                sources: [SourceID(1)],
                name: name,
                address: "198.51.100.7",
                password: Password("x")
            )
            return throttle.attempt(login, deadline: .now + limit)
        }
        func parks(_ count: Int) async -> Bool {
            for _ in 0..<500 where throttle.parked != count { try? await Task.sleep(for: .milliseconds(10)) }
            // Not for a moment only.
            try? await Task.sleep(for: .milliseconds(50))
            return throttle.parked == count
        }
        let refused = AuthenticationResult.rejected(Rejection(.wrongPassword, passwordProved: true))
        let first = [attempt("a"), attempt("b")]
        for one in first { #expect(await one.enter() == nil) }
        var waiting: [(ThrottledAttempt, Task<AuthenticationResult?, Never>)] = []
        for name in ["c", "d", "e"] {
            let one = attempt(name)
            waiting.append((one, Task { await one.enter() }))
            // One after the other: they are let in as they came.
            #expect(await parks(waiting.count))
        }
        let impatient = await attempt("f", .milliseconds(50)).enter()
        guard case .unavailable(let outage)? = impatient, outage.isOverload else {
            Issue.record("let in: \(String(describing: impatient))")
            return
        }
        let cancelled = attempt("g")
        let task = Task { await cancelled.enter() }
        #expect(await parks(4))
        task.cancel()
        _ = await task.value
        #expect(await parks(3))
        await first[0].settle(refused, [])
        #expect(await parks(2))
        await first[1].settle(refused, [])
        #expect(await parks(1))
        #expect(await waiting[0].1.value == nil)
        await waiting[0].0.settle(refused, [])
        for (_, task) in waiting { #expect(await task.value == nil) }
        #expect(throttle.parked == 0)
    }

    @Test("Of a hundred guesses at once five reach the directory", arguments: ["alice", "nobody"])
    func parallel(_ name: String) async {
        let node = Node()
        let answers = await withTaskGroup(of: Int.self) { group in
            for number in 0..<100 { group.addTask { await node.status(name, "guess \(number)") } }
            return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(answers == [400: 5, 429: 95])
        #expect(node.source.passwords.count == 5)
    }

    @Test("A hundred logins with the right password at once all get in")
    func parallelRight() async {
        let node = Node()
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { await node.status("alice", "right") } }
            for await status in group { #expect(status == 200) }
        }
    }

    @Test("Who hangs up before the answer has guessed all the same")
    func abandoned() async {
        let node = Node(slowness: .milliseconds(100))
        for number in 0..<5 {
            let login = Task { await node.status("alice", "guess \(number)") }
            while node.source.passwords.count <= number { await Task.yield() }
            login.cancel()
            _ = await login.value
        }
        #expect(await node.status("alice", "right") == 429)
    }

    @Test("A refusal leaves the source no sooner than others, whoever was asked for; a success does")
    func pace() async {
        let node = Node(settings: .off)
        func time(_ name: String, _ password: String) async -> Duration {
            let start = ContinuousClock.now
            _ = await node.login(name, password)
            return ContinuousClock.now - start
        }
        #expect(await time("alice", "wrong") >= RefusalTimes.unseen)
        #expect(await time("nobody", "wrong") >= RefusalTimes.unseen)
        var fastest = Duration.seconds(1)
        for _ in 0..<5 { fastest = min(fastest, await time("alice", "right")) }
        #expect(fastest < RefusalTimes.unseen)
    }

    @Test("What is remembered of a login is not told while the login would have to wait")
    func waitOfWhatIsRemembered() async throws {
        let clock = TestClock()
        let node = Node(clock: clock)
        func wait(_ name: String, for person: IdentityKey, from address: String = "198.51.100.7") -> ThrottleWait
            .Subject?
        {
            let request = AuthenticationRequest(username: name, password: Password("right"), address: address)
            return node.authenticator.wait(of: request, for: person)?.subject
        }
        guard case .authenticated(let alice) = await node.login("alice", "right") else {
            Issue.record("alice was not let in")
            return
        }
        let bob = IdentityKey(source: SourceID(1), stableID: "another")
        #expect(wait("alice", for: alice.key) == nil)
        for number in 0..<5 { _ = await node.status("alice", "guess \(number)") }
        #expect(wait("alice", for: alice.key) == .account)
        #expect(wait("Alice", for: alice.key) == .account)
        #expect(wait("alice@mail.example", for: alice.key) == .account, "the person waits under all spellings")
        #expect(wait("bob", for: bob) == nil)
        #expect(
            wait("alice", for: alice.key, from: "203.0.113.9") == nil,
            "guesses from alice's own address are its own"
        )
        clock.set(clock.now() + .seconds(31))
        #expect(wait("alice", for: alice.key) == nil)
    }

    @Test("Who has to wait is told at once, and nobody is asked")
    func waiting() async {
        let node = Node()
        for number in 0..<5 { #expect(await node.status("alice", "guess \(number)") == 400) }
        guard case .rejected(let rejection) = await node.login("alice", "right") else {
            Issue.record("let in")
            return
        }
        #expect(
            rejection.reason == .throttled && (30...31).contains(rejection.wait?.retryAfter ?? 0)
                && !rejection.passwordProved
        )
        #expect(node.source.passwords.count == 5 && node.local.passwords.isEmpty)
        #expect(await node.status("bob", "right") == 200)
    }

    @Test("Outages are not counted, whichever source is down")
    func outage() async {
        let node = Node(otherwise: .isDown)
        for number in 0..<12 { #expect(await node.status("carol", "x\(number)") == 503) }
        #expect(node.source.passwords.count == 12)
    }

    @Test("Counts and own addresses survive a restart")
    func restart() async throws {
        let store = MemoryThrottleStore()
        let clock = TestClock()
        let before = Node(store, clock: clock)
        #expect(await before.status("alice", "right", from: "192.0.2.1") == 200)
        for number in 0..<5 { _ = await before.status("alice", "guess \(number)") }
        for number in 0..<3 { _ = await before.status("bob", "guess \(number)") }
        _ = await before.throttle.stepForTest(clock)
        let after = Node(store, clock: clock)
        try await after.throttle.load()
        #expect(await after.status("alice", "right") == 429)
        #expect(await after.status("alice", "right", from: "192.0.2.1") == 200)
        #expect(await after.status("bob", "guess 3") == 400)
        #expect(await after.status("bob", "guess 4") == 400)
        #expect(await after.status("bob", "right") == 429)
    }

    /// A node after a start: alice and bob were attacked before it, and alice's own address is older than very many of bob's.
    private func restarted() async throws -> (Node, MemoryThrottleStore) {
        let store = MemoryThrottleStore()
        let clock = TestClock()
        let before = Node(store, clock: clock)
        #expect(await before.status("alice", "right", from: "192.0.2.1") == 200)
        clock.set(clock.now() + .seconds(1))
        for number in 0..<Throttle.firstKnown {
            #expect(await before.status("bob", "right", from: "10.0.\(number / 250).\(number % 250)") == 200)
        }
        _ = await before.throttle.stepForTest(clock)
        for name in ["alice", "bob"] {
            for number in 0..<5 { #expect(await before.status(name, "guess \(number)") == 400) }
        }
        let after = Node(store, clock: clock, patience: .seconds(50))
        try await after.throttle.load()
        return (after, store)
    }

    @Test("Of very many own addresses the newest are there at the start, and whom the others concern waits for them")
    func restartWithMany() async throws {
        let (after, _) = try await restarted()
        // Whose address is known, and whom nobody has attacked, waits for nothing.
        #expect(await after.status("bob", "right", from: "10.0.3.7") == 200)
        let begun = ContinuousClock.now
        #expect(await after.status("carol", "wrong", from: "192.0.2.9") == 400)
        #expect(begun.duration(to: .now) < .seconds(20))
        let owner = Task { await after.status("alice", "right", from: "192.0.2.1") }
        try await Task.sleep(for: .milliseconds(50))
        let running = Task { await after.throttle.run() }
        #expect(await owner.value == 200)
        running.cancel()
        await running.value
    }

    @Test("Where older addresses cannot be read nobody waits for them for long, and they come with the store")
    func restartWithManyAndAFailingStore() async throws {
        let (after, store) = try await restarted()
        store.fail(StoreError(.unavailable, "gone"))
        let reading = Task { await after.throttle.loadOlder() }
        while after.throttle.older.load(ordering: .relaxed) != .late { try await Task.sleep(for: .milliseconds(10)) }
        let begun = ContinuousClock.now
        #expect(await after.status("alice", "right", from: "192.0.2.1") == 429)
        #expect(begun.duration(to: .now) < .seconds(20))
        store.fail(nil)
        await reading.value
        #expect(await after.status("alice", "right", from: "192.0.2.1") == 200)
    }

    @Test("Nodes count together: a failure is the store's at once, a wait is everybody's within a turn")
    func nodes() async {
        let store = MemoryThrottleStore()
        let clock = TestClock()
        let (one, other) = (Node(store, clock: clock), Node(store, clock: clock))
        for number in 0..<3 { #expect(await one.status("alice", "a\(number)") == 400) }
        for number in 0..<2 { #expect(await other.status("alice", "b\(number)") == 400) }
        #expect(await other.status("alice", "right") == 429, "it has seen the other's three with its own")
        let start = clock.now()
        _ = await one.throttle.step(after: start, tidies: false)
        #expect(await one.status("alice", "right") == 429)
        clock.set(clock.now() + .seconds(31))
        #expect(await one.status("alice", "right") == 200)
        _ = await other.throttle.step(after: start, tidies: true)
        for number in 0..<4 { #expect(await other.status("alice", "c\(number)") == 400) }
        #expect(store.purges == 1)
    }

    @Test("A login without a failure before it writes nothing; its address is written down behind it, once")
    func writes() async {
        let store = MemoryThrottleStore()
        let clock = TestClock()
        let node = Node(store, clock: clock)
        for _ in 0..<50 { #expect(await node.status("alice", "right") == 200) }
        #expect(store.writes == 0 && store.knownCount == 0)
        _ = await node.throttle.stepForTest(clock)
        #expect(store.knownCount == 1)
        for _ in 0..<50 { _ = await node.status("alice", "right") }
        _ = await node.throttle.stepForTest(clock)
        #expect(store.writes == 0 && store.knownCount == 1)
        clock.set(clock.now() + .seconds(86400))
        _ = await node.status("alice", "right")
        _ = await node.throttle.stepForTest(clock)
        #expect(store.knownCount == 2, "renewed, so that the 30 days begin again")
        _ = await node.status("alice", "wrong")
        _ = await node.status("alice", "right")
        #expect(store.writes == 2)
    }

    @Test("A store that fails does not stop the counting, nor the logins")
    func storeFails() async {
        let store = MemoryThrottleStore()
        store.fail(StoreError(.unavailable, "the disk is full"))
        let node = Node(store)
        #expect(await node.status("alice", "right") == 200)
        for number in 0..<5 { #expect(await node.status("alice", "x\(number)") == 400) }
        #expect(await node.status("alice", "right") == 429)
    }

    @Test("A change of the settings forgets nothing")
    func reload() async {
        let node = Node()
        for number in 0..<5 { _ = await node.status("alice", "x\(number)") }
        node.throttle.apply(.off)
        #expect(await node.status("alice", "right") == 200)
        node.throttle.apply(ThrottleSettings(accountFailures: 2))
        #expect(await node.status("bob", "x", from: "203.0.113.5") == 400)
        #expect(await node.status("bob", "y", from: "203.0.113.5") == 400)
        #expect(await node.status("bob", "right", from: "203.0.113.5") == 429)
    }

    @Test("Wrong secrets of clients count for the address alone")
    func secrets() async {
        let node = Node(settings: ThrottleSettings(addressFailures: 5))
        for _ in 0..<5 {
            #expect(node.throttle.wait(ofAddress: "198.51.100.7") == nil)
            await node.throttle.countFailure(ofAddress: "198.51.100.7")
        }
        #expect(node.throttle.wait(ofAddress: "198.51.100.7")?.subject == .address)
        #expect(await node.status("alice", "right") == 429)
        #expect(await node.status("alice", "right", from: "198.51.100.8") == 200)
    }

    @Test("A password changed through us may be one that was refused a moment ago")
    func passwordChanged() async {
        let node = Node()
        for _ in 0..<3 { #expect(await node.status("alice", "new") == 400) }
        #expect(node.source.passwords.count == 1)
        node.throttle.passwordChanged(of: IdentityKey(source: SourceID(1), stableID: "alice"))
        _ = await node.status("alice", "new")
        #expect(node.source.passwords.count == 2)
    }
}

extension Throttle {
    fileprivate func stepForTest(_ clock: TestClock) async -> Timestamp {
        await step(after: clock.now(), tidies: false)
    }
}
