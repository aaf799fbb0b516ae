import Logging
import Synchronization
import Testing

@testable import Authentication

/// A directory with one person, whose state the test sets.
private final class SwitchedDirectory: DirectorySource {
    struct State {
        var isDown = false
        var password = "right"
        var refusal: Rejection.Reason?
        var changedAt = "1"
        var groups = ["staff"]
    }

    private let state = Mutex(State())
    static let person = IdentityKey(source: SourceID(1), stableID: "alice-id")

    var id: SourceID { SourceID(1) }
    var name: String { "corp" }
    var domains: [String] { ["CORP"] }
    var isActiveDirectory: Bool { false }

    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    func authenticate(
        _ username: String,
        password: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> AuthenticationResult {
        let state = state.withLock { $0 }
        if state.isDown { return .unavailable(Outage(sources: [id], detail: "corp: refused")) }
        guard UsernameFolding.fold(LoginName(username).user) == "alice" else {
            return .rejected(Rejection(.unknownUser, source: id))
        }
        if let answer = await gate.answer(insteadOf: Self.person) { return answer }
        if let reason = state.refusal { return .rejected(Rejection(reason, source: id, key: Self.person)) }
        let text = password.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        guard text == state.password else { return .rejected(Rejection(.wrongPassword, source: id, key: Self.person)) }
        return .authenticated(
            Identity(
                key: Self.person,
                sourceName: name,
                username: "alice",
                groups: state.groups,
                credentialState: state.changedAt,
                host: "ldap1"
            )
        )
    }

    func recheck(
        _ key: IdentityKey,
        username: String,
        locator: String?,
        credentialState: String?,
        deadline: ContinuousClock.Instant
    ) async -> RecheckResult {
        .ended(Rejection(.disabled, source: id, key: key))
    }

    func authenticate(
        _ principal: SignOnPrincipal,
        deadline: ContinuousClock.Instant
    ) async -> AuthenticationResult {
        let state = state.withLock { $0 }
        if state.isDown { return .unavailable(Outage(sources: [id], detail: "corp: refused")) }
        if let reason = state.refusal {
            return .rejected(Rejection(reason, source: id, passwordProved: true, key: Self.person))
        }
        return .authenticated(Identity(key: Self.person, sourceName: name, username: principal.name))
    }

    func changePassword(
        of account: SourceAccount,
        from old: Password,
        to new: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> PasswordChangeResult {
        guard case .named(let typed) = account else { return .rejected(Rejection(.unknownUser, source: id)) }
        switch await authenticate(typed, password: old, deadline: deadline, gate: gate) {
        case .rejected(let rejection): return .rejected(rejection)
        case .unavailable(let outage): return .unavailable(outage)
        case .authenticated(let identity):
            set { $0.password = new.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
            return .changed(identity)
        }
    }
}

private final class MemoryOfflineStore: OfflineStore {
    private let state = Mutex<(entries: [String: OfflineEntry], writes: Int, failure: StoreError?)>(([:], 0, nil))

    var entries: [OfflineEntry] { state.withLock { Array($0.entries.values) } }
    var writes: Int { state.withLock { $0.writes } }
    func fail(_ failure: StoreError?) { state.withLock { $0.failure = failure } }

    private func check() throws(StoreError) {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    func offlineEntry(_ source: SourceID, name: String) async throws(StoreError) -> OfflineEntry? {
        try check()
        return state.withLock { $0.entries[name] }
    }

    func keep(_ entry: OfflineEntry) async throws(StoreError) {
        try check()
        state.withLock { state in
            state.writes += 1
            state.entries[entry.name] = entry
        }
    }

    func forgetOffline(_ source: SourceID, name: String?, person: IdentityKey?) async throws(StoreError) {
        try check()
        state.withLock { state in
            state.entries = state.entries.filter { $0.key != name && $0.value.identity.key != person }
        }
    }

    func purgeOffline(before: Timestamp) async throws(StoreError) {}
}

/// A bridged directory behind the whole of the rules.
private struct Bridge {
    let directory = SwitchedDirectory()
    let store: MemoryOfflineStore
    let pool: TestPool
    let clock: TestClock
    let hasher: PasswordHasher
    let bridged: OfflineDirectory
    let authenticator: Authenticator

    init(
        store: MemoryOfflineStore = MemoryOfflineStore(),
        clock: TestClock = TestClock(),
        pool: TestPool = TestPool(),
        iterations: Int = 1,
        throttle settings: ThrottleSettings? = nil
    ) throws {
        self.store = store
        self.clock = clock
        self.pool = pool
        hasher = try PasswordHasher(parameters: Argon2Parameters(memory: 64 * 1024, iterations: iterations), pool: pool)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        bridged = OfflineDirectory(
            directory,
            lifetime: .seconds(3600),
            store: store,
            hasher: hasher,
            clock: clock,
            logger: logger
        )
        authenticator = Authenticator(
            settings: AuthenticationSettings(order: [SourceID(1)], loginBudget: .seconds(5)),
            local: ScriptedSource(0),
            directories: [bridged],
            throttle: settings.map {
                Throttle(settings: $0, secret: [UInt8](repeating: 5, count: 32), clock: clock, logger: logger)
            }
        )
    }

    /// 200, 200 with a star when the directory was not asked, 400, 429 or 503.
    func login(_ name: String, _ password: String) async -> String {
        let request = AuthenticationRequest(username: name, password: Password(password), address: "192.0.2.1")
        let result = await authenticator.authenticate(request)
        while bridged.isBusy { try? await Task.sleep(for: .milliseconds(2)) }
        return switch result {
        case .authenticated(let identity): identity.isOffline ? "200*" : "200"
        case .rejected(let rejection): rejection.wait == nil ? "400" : "429"
        case .unavailable: "503"
        }
    }

    /// changed, 400, 429 or 503, or the rule that the new one is against.
    func change(_ name: String, _ old: String, _ new: String) async -> String {
        let request = PasswordChangeRequest(
            account: .named(name, .unnamed),
            old: Password(old),
            new: Password(new),
            address: "192.0.2.1"
        )
        return switch await authenticator.changePassword(request) {
        case .changed: "changed"
        case .refused(let refusal): refusal.reason.rawValue
        case .rejected(let rejection): rejection.wait == nil ? "400" : "429"
        case .unavailable: "503"
        }
    }
}

@Suite("Outages bridged", .timeLimit(.minutes(1)))
struct OfflineTests {
    @Test("Who was let in is let in during an outage with the same password, by the name in any spelling")
    func bridging() async throws {
        let bridge = try Bridge()
        bridge.directory.set { $0.isDown = true }
        #expect(await bridge.login("alice", "right") == "503", "nothing is kept yet")
        bridge.directory.set { $0.isDown = false }
        #expect(await bridge.login("alice", "right") == "200")
        bridge.directory.set { $0.isDown = true }
        for name in ["alice", "ALICE", " alice ", "CORP\\alice", "alice@corp"] {
            #expect(await bridge.login(name, "right") == "200*", "\(name)")
        }
        #expect(await bridge.login("alice", "wrong") == "503")
        #expect(await bridge.login("bob", "right") == "503")
        #expect(await bridge.login("alice\0", "right") == "503")
        let entry = try #require(bridge.store.entries.first)
        #expect(entry.hash.hasPrefix("$argon2id$") && entry.identity.groups == ["staff"] && entry.identity.host == nil)
    }

    @Test("An entry ends with its time, counted from the last login that was worth writing down")
    func expiry() async throws {
        let bridge = try Bridge()
        #expect(await bridge.login("alice", "right") == "200")
        let start = bridge.clock.now()
        bridge.directory.set { $0.isDown = true }
        bridge.clock.set(start + .seconds(3599))
        #expect(await bridge.login("alice", "right") == "200*")
        bridge.clock.set(start + .seconds(3600))
        #expect(await bridge.login("alice", "right") == "503", "a bridged login prolongs nothing")
    }

    @Test(
        "A live refusal removes it, whatever its reason",
        arguments: [
            Rejection.Reason.wrongPassword, .disabled, .locked, .passwordExpired, .mustChangePassword,
        ]
    )
    func refusal(_ reason: Rejection.Reason) async throws {
        let bridge = try Bridge()
        #expect(await bridge.login("alice", "right") == "200")
        bridge.directory.set { $0.refusal = reason }
        #expect(await bridge.login("CORP\\alice", "right") == "400")
        #expect(bridge.store.entries.isEmpty)
        bridge.directory.set { $0.isDown = true }
        #expect(await bridge.login("alice", "right") == "503")
    }

    @Test("So do a refused refresh and a change of the password through us")
    func otherEndings() async throws {
        let bridge = try Bridge()
        #expect(await bridge.login("alice", "right") == "200")
        _ = await bridge.authenticator.recheck(
            SwitchedDirectory.person,
            username: "x",
            locator: nil,
            credentialState: nil
        )
        #expect(bridge.store.entries.isEmpty)
        #expect(await bridge.login("alice", "right") == "200")
        #expect(bridge.store.entries.count == 1)
        #expect(await bridge.change("alice", "right", "new") == "changed")
        #expect(bridge.store.entries.isEmpty)
        bridge.directory.set { $0.isDown = true }
        #expect(await bridge.login("alice", "right") == "503")
        #expect(await bridge.change("alice", "new", "newer") == "503", "no change without the directory")
    }

    @Test("So do a refused change and a ticket of somebody who may not log in; one who may leaves it as it is")
    func otherRefusals() async throws {
        let bridge = try Bridge()
        func signOn() async -> AuthenticationResult {
            await bridge.bridged.authenticate(
                SignOnPrincipal(name: "alice", realm: "CORP"),
                deadline: .now + .seconds(5)
            )
        }
        #expect(await bridge.login("alice", "right") == "200")
        _ = await signOn()
        #expect(bridge.store.entries.count == 1)
        #expect(await bridge.change("alice", "wrong", "new") == "400")
        #expect(bridge.store.entries.isEmpty)
        #expect(await bridge.login("alice", "right") == "200")
        #expect(bridge.store.entries.count == 1)
        bridge.directory.set { $0.refusal = .disabled }
        _ = await signOn()
        #expect(bridge.store.entries.isEmpty)
        bridge.directory.set { $0.isDown = true }
        guard case .unavailable = await signOn() else {
            Issue.record("a ticket is no password that could be bridged")
            return
        }
    }

    @Test("A password changed at the directory replaces the old one at the next login")
    func changedPassword() async throws {
        let bridge = try Bridge()
        #expect(await bridge.login("alice", "right") == "200")
        bridge.directory.set {
            $0.password = "new"; $0.changedAt = "2"
        }
        #expect(await bridge.login("alice", "new") == "200")
        bridge.directory.set { $0.isDown = true }
        #expect(await bridge.login("alice", "right") == "503")
        #expect(await bridge.login("alice", "new") == "200*")
    }

    @Test("The hash is made once, and anew when the password, the person, the parameters or the time ask for it")
    func hashes() async throws {
        let bridge = try Bridge()
        for _ in 0..<5 { #expect(await bridge.login("alice", "right") == "200") }
        #expect(bridge.pool.finished == 1 && bridge.store.writes == 1)
        bridge.directory.set { $0.groups = ["staff", "editors"] }
        #expect(await bridge.login("alice", "right") == "200")
        #expect(bridge.pool.finished == 1 && bridge.store.writes == 2, "the person is written anew, with the same hash")
        bridge.clock.set(bridge.clock.now() + .seconds(1801))
        #expect(await bridge.login("alice", "right") == "200")
        #expect(bridge.pool.finished == 1 && bridge.store.writes == 3, "so is the time, at its half")
        bridge.directory.set { $0.password = "new" }
        #expect(await bridge.login("alice", "new") == "200")
        #expect(bridge.pool.finished == 2)
        let raised = try Bridge(store: bridge.store, clock: bridge.clock, iterations: 2)
        raised.directory.set { $0.password = "new" }
        #expect(await raised.login("alice", "new") == "200")
        #expect(bridge.store.entries.first?.hash.contains("t=2") == true)
        raised.directory.set { $0.isDown = true }
        #expect(await raised.login("alice", "new") == "200*")
    }

    @Test("Hashes of old parameters still bridge")
    func oldParameters() async throws {
        let before = try Bridge()
        #expect(await before.login("alice", "right") == "200")
        let after = try Bridge(store: before.store, clock: before.clock, iterations: 3)
        after.directory.set { $0.isDown = true }
        #expect(await after.login("alice", "right") == "200*")
    }

    @Test("A new password that cannot be hashed leaves nothing of the old one")
    func noThreadForTheHash() async throws {
        let before = try Bridge()
        #expect(await before.login("alice", "right") == "200")
        #expect(before.store.entries.count == 1)
        let busy = try Bridge(store: before.store, clock: before.clock, pool: TestPool(limit: 0))
        busy.directory.set { $0.password = "new" }
        #expect(await busy.login("alice", "new") == "200")
        #expect(busy.store.entries.isEmpty)
        before.directory.set { $0.isDown = true }
        #expect(await before.login("alice", "right") == "503")
    }

    @Test("Every login of an outage costs one hash, whether anything is kept or not")
    func equalWork() async throws {
        let bridge = try Bridge()
        #expect(await bridge.login("alice", "right") == "200")
        bridge.directory.set { $0.isDown = true }
        for (name, password) in [("alice", "right"), ("alice", "wrong"), ("nobody", "x")] {
            let before = bridge.pool.finished
            _ = await bridge.login(name, password)
            #expect(bridge.pool.finished == before + 1, "\(name)")
        }
    }

    @Test("So does that of somebody who has to wait")
    func equalWorkForWhoWaits() async throws {
        let bridge = try Bridge(throttle: ThrottleSettings(accountFailures: 1))
        #expect(await bridge.login("alice", "right") == "200")
        bridge.directory.set { $0.isDown = true }
        #expect(await bridge.login("alice", "wrong") == "503")
        let before = bridge.pool.finished
        #expect(await bridge.login("alice", "right") == "503", "has to wait")
        #expect(bridge.pool.finished == before + 1)
    }

    @Test("Guesses during an outage count for the person, the same one once, and look like the outage")
    func throttled() async throws {
        let bridge = try Bridge(throttle: ThrottleSettings(accountFailures: 3))
        #expect(await bridge.login("alice", "right") == "200")
        bridge.directory.set { $0.isDown = true }
        for _ in 0..<9 { #expect(await bridge.login("alice", "the same") == "503") }
        #expect(await bridge.login("alice", "right") == "200*")
        for number in 0..<3 { #expect(await bridge.login("alice", "guess \(number)") == "503") }
        #expect(await bridge.login("alice", "right") == "503", "has to wait, which looks like the outage")
        for number in 0..<9 { #expect(await bridge.login("nobody", "guess \(number)") == "503") }
        bridge.directory.set { $0.isDown = false }
        #expect(await bridge.login("alice", "right") == "429")
        #expect(await bridge.login("nobody", "x") == "400", "an outage is never counted for a name")
        bridge.clock.set(bridge.clock.now() + .seconds(31))
        #expect(await bridge.login("alice", "right") == "200")
    }

    @Test("A change meets the throttle as a login does, and with it what was refused a moment ago is forgotten")
    func changesAreThrottled() async throws {
        let bridge = try Bridge(throttle: ThrottleSettings(accountFailures: 3))
        #expect(await bridge.login("alice", "new") == "400", "remembered as refused")
        #expect(await bridge.change("alice", "right", "new") == "changed")
        #expect(await bridge.login("alice", "new") == "200", "and forgotten by the change")
        for number in 0..<3 { #expect(await bridge.change("alice", "guess \(number)", "mine") == "400") }
        #expect(await bridge.change("alice", "new", "mine") == "429")
        #expect(await bridge.login("alice", "new") == "429", "one count for both")
        bridge.clock.set(bridge.clock.now() + .seconds(31))
        #expect(await bridge.change("alice", "new", "newer") == "changed")
        #expect(await bridge.login("alice", "newer") == "200")
    }

    @Test("A store that fails bridges nothing and stops no login")
    func storeFails() async throws {
        let bridge = try Bridge()
        bridge.store.fail(StoreError(.unavailable, "the disk is full"))
        #expect(await bridge.login("alice", "right") == "200")
        #expect(await bridge.login("alice", "wrong") == "400")
        bridge.directory.set { $0.isDown = true }
        #expect(await bridge.login("alice", "right") == "503")
    }
}
