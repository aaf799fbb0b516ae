public import Logging
internal import Synchronization

/// Makes accounts and addresses wait after too many failures, before a directory is asked.
///
/// One for the life of the process; a reload changes its settings and forgets nothing. The rules are `ThrottleState`'s. What
/// it counts is in memory at once and in the store before the refusal is answered, so that neither a restart nor another
/// node gives anybody further guesses. A login that succeeds without a failure before it writes nothing.
public final class Throttle: Sendable {
    struct Shared {
        var state: ThrottleState
        /// Attempts that wait for others on the same count.
        var waiting: [ThrottleKey: [CheckedContinuation<Void, Never>]] = [:]
        /// Successes the store has not heard of.
        var unkept: [KnownAddress] = []
        var failedAt: Timestamp?
    }

    /// Successes wait for the store in such a number at most; further ones are kept at the next login.
    private static let unkeptLimit = 20_000
    /// Written in one transaction.
    private static let batch = 500
    /// Clocks of nodes may differ by so much, and a write may take it to be seen.
    private static let overlap = Duration.seconds(60)
    /// After a failure of the store counts are kept in memory only for so long, rather than each refusal waiting for it.
    private static let storePause = Duration.seconds(5)

    let clock: any WallClock
    let watch = DeadlineWatch()
    private let store: (any ThrottleStore)?
    private let logger: Logger
    private let shared: Mutex<Shared>

    /// A throttle that has counted nothing yet.
    ///
    /// - Parameters:
    ///   - secret: 16 to 64 octets, the same at each start and on all nodes: what is stored is hashed under it.
    ///   - store: keeps the counts; without one they end with the process.
    public init(
        settings: ThrottleSettings = ThrottleSettings(),
        secret: [UInt8],
        store: (any ThrottleStore)? = nil,
        clock: any WallClock = SystemWallClock(),
        logger: Logger
    ) {
        self.store = store
        self.clock = clock
        self.logger = logger
        shared = Mutex(Shared(state: ThrottleState(settings: settings, digest: ThrottleDigest(secret: secret))))
    }

    /// From now on these settings hold; counts and waits stay. Refused passwords are asked about again: the same question may
    /// go to somebody else now.
    public func apply(_ settings: ThrottleSettings) {
        shared.withLock { shared in
            shared.state.settings = settings
            shared.state.repeats = RepeatMemory(capacity: ThrottleState.capacity)
        }
    }

    /// Reads what was counted before this process began. To be called once, before anybody is let in.
    public func load() async throws(StoreError) {
        guard let store else { return }
        let start = Timestamp(milliseconds: 0)
        let records = try await store.throttleRecords(after: start, limit: ThrottleState.capacity)
        shared.withLock { $0.state.merge(records) }
    }

    /// What was answered here so far in place of the sources.
    public var refusals: ThrottleRefusals { shared.withLock { $0.state.refusals } }

    // MARK: Addresses

    /// How long that address has to wait; nil when it need not. To be asked before a secret is verified.
    public func wait(ofAddress address: String) -> ThrottleWait? {
        shared.withLock { $0.state.wait(ofAddress: address, now: clock.now()) }
    }

    /// Counts a failure for the address alone: a wrong secret of a client.
    public func countFailure(ofAddress address: String) async {
        let now = clock.now()
        await keep(shared.withLock { $0.state.fail(address: address, now: now) })
    }

    // MARK: Accounts

    /// Forgets which passwords of that person were refused: one of them may be the right one now.
    public func passwordChanged(of person: IdentityKey) {
        let now = clock.now()
        shared.withLock { shared in shared.state.repeats.forget(person: shared.state.subject(person), now: now) }
    }

    func attempt(_ login: ThrottledLogin, deadline: ContinuousClock.Instant) -> ThrottledAttempt {
        ThrottledAttempt(throttle: self, login: login, deadline: deadline)
    }

    func withState<Value>(_ work: (inout ThrottleState) -> sending Value) -> sending Value {
        shared.withLock { work(&$0.state) }
    }

    /// Comes back when an attempt on that count has ended.
    func turn(_ key: ThrottleKey) async {
        await withCheckedContinuation { continuation in
            let now = clock.now()
            shared.withLock { shared in
                // It may have ended before anybody could wait for it.
                if shared.state.hasRoom(key, now) {
                    continuation.resume()
                } else {
                    shared.waiting[key, default: []].append(continuation)
                }
            }
        }
    }

    /// Gives the places of an attempt back and wakes those who wait for them.
    func release(_ ticket: inout ThrottleTicket) {
        let woken = shared.withLock { shared in
            let freed = shared.state.release(&ticket)
            return freed.flatMap { shared.waiting.removeValue(forKey: $0) ?? [] }
        }
        for continuation in woken { continuation.resume() }
    }

    func note(_ success: KnownAddress) {
        shared.withLock { shared in
            if store != nil, shared.unkept.count < Self.unkeptLimit { shared.unkept.append(success) }
        }
    }

    // MARK: The store

    /// Writes a change through; a store that fails loses it to a restart, not to this process.
    func keep(_ change: ThrottleChange) async {
        guard let store, !change.keys.isEmpty else { return }
        let (settings, isPaused) = shared.withLock { shared in
            (
                shared.state.settings,
                shared.failedAt.map { change.at < $0 + Self.storePause && change.at >= $0 } ?? false
            )
        }
        guard !isPaused else { return }
        do throws(StoreError) {
            let counts = try await store.updateThrottle(
                change.keys,
                { key, count in change.apply(to: key, &count, settings) },
                end: { key, count in change.end(of: key, count, settings) }
            )
            shared.withLock { $0.state.merge(ThrottleRecords(counts: counts.map { ($0.key, $0.value) })) }
            note(failure: nil)
        } catch {
            note(failure: error)
        }
    }

    /// Keeps step with the store every second until the task is cancelled.
    public func run() async {
        var next = ContinuousClock.now
        var seen = clock.now()
        while !Task.isCancelled {
            seen = await step(after: seen, tidies: .now >= next)
            if .now >= next { next = .now + .seconds(60) }
            // Cancelled: the loop's condition ends it.
            try? await Task.sleep(for: .seconds(1))
        }
        // In a task of its own, which nobody has cancelled.
        await Task { await keepSuccesses() }.value
    }

    /// One turn of `run`: writes down successes, reads what other nodes counted, lets go of what is over.
    func step(after seen: Timestamp, tidies: Bool) async -> Timestamp {
        let now = clock.now()
        if tidies { withState { $0.prune(now: now) } }
        guard let store else { return now }
        await keepSuccesses()
        do throws(StoreError) {
            if store.hasOtherNodes {
                let records = try await store.throttleRecords(
                    after: min(seen, now) - Self.overlap,
                    limit: ThrottleState.capacity
                )
                withState { $0.merge(records) }
            }
            if tidies {
                let old = now - ThrottleState.knownLifetime
                try await store.purgeThrottle(ended: now, known: old, limit: ThrottleState.capacity)
            }
            return now
        } catch {
            // Told to stop is no outage.
            if !Task.isCancelled { note(failure: error) }
            return seen
        }
    }

    private func keepSuccesses() async {
        guard let store else { return }
        while true {
            let batch = shared.withLock { shared in
                let batch = Array(shared.unkept.prefix(Self.batch))
                shared.unkept.removeFirst(batch.count)
                return batch
            }
            guard !batch.isEmpty else { return }
            do throws(StoreError) {
                try await store.keep(batch)
            } catch {
                shared.withLock { $0.unkept += batch.prefix(Self.unkeptLimit - $0.unkept.count) }
                if !Task.isCancelled { note(failure: error) }
                return
            }
        }
    }

    private func note(failure: StoreError?) {
        let now = clock.now()
        let before = shared.withLock { shared in
            defer { shared.failedAt = failure == nil ? nil : now }
            return shared.failedAt
        }
        switch (before, failure) {
        case (nil, let failure?):
            logger.warning(
                "Failed logins cannot be written down; until they can, they count on this node and until its end only",
                metadata: ["reason": "\(failure)"]
            )
        case (_?, nil):
            logger.notice("Failed logins are written down again")
        default: break
        }
    }
}
