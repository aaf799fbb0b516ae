public import Logging
internal import Synchronization

/// Makes accounts and addresses wait after too many failures, before a directory is asked.
///
/// One for the life of the process; a reload changes its settings and forgets nothing. The rules are `ThrottleState`'s. What
/// it counts is in memory at once and in the store before the refusal is answered, so that neither a restart nor another
/// node gives anybody further guesses. A login that succeeds writes nothing but, within a
/// second and together with others, the address where that is new.
public final class Throttle: Sendable {
    struct Shared {
        var state: ThrottleState
        /// Attempts that wait for others on the same count, the first first.
        var waiting: [ThrottleKey: [Waiter]] = [:]
        var lastWaiter: UInt64 = 0
        /// Successes the store has not heard of.
        var unkept: [KnownAddress] = []
        var failedAt: Timestamp?
        /// When the successes of other nodes were last read.
        var knownSeen: Timestamp?
    }

    /// Successes wait for the store in such a number at most; further ones are kept at the next login.
    private static let unkeptLimit = 20_000
    /// Written in one transaction.
    static let batch = 500
    /// Clocks of nodes may differ by so much, and a write may take it to be seen.
    private static let overlap = Duration.seconds(60)
    /// After a failure of the store counts are kept in memory only for so long, rather than each refusal waiting for it.
    private static let storePause = Duration.seconds(5)

    let clock: any WallClock
    let watch = DeadlineWatch()
    let store: (any ThrottleStore)?
    let logger: Logger
    let shared: Mutex<Shared>
    /// The wait of `run`, while nothing is to be done.
    private let pause = Pause()
    /// `ThrottleState.lastWaits` in milliseconds, so that where nobody waits there is neither a lock nor a hash.
    private let lastAddressWait = Atomic<Int64>(0)
    private let lastWait = Atomic<Int64>(0)
    /// The longest that a login waits for older known addresses.
    let olderPatience: Duration
    /// How far older known addresses have been read.
    let older = Atomic(Older.known)

    /// A throttle that has counted nothing yet.
    ///
    /// - Parameters:
    ///   - secret: 16 to 64 octets, the same at each start and on all nodes: what is stored is hashed under it.
    ///   - store: keeps the counts; without one they end with the process.
    public convenience init(
        settings: ThrottleSettings = ThrottleSettings(),
        secret: [UInt8],
        store: (any ThrottleStore)? = nil,
        clock: any WallClock = SystemWallClock(),
        logger: Logger
    ) {
        self.init(settings, secret: secret, store: store, clock: clock, logger: logger, olderPatience: .seconds(2))
    }

    init(
        _ settings: ThrottleSettings,
        secret: [UInt8],
        store: (any ThrottleStore)?,
        clock: any WallClock,
        logger: Logger,
        olderPatience: Duration
    ) {
        self.olderPatience = olderPatience
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

    /// What was answered here so far in place of the sources.
    public var refusals: ThrottleRefusals { shared.withLock { $0.state.refusals } }

    // MARK: Addresses

    /// How long that address has to wait; nil when it need not. To be asked before a secret is verified.
    public func wait(ofAddress address: String) -> ThrottleWait? {
        let now = clock.now()
        guard lastAddressWait.load(ordering: .acquiring) > now.milliseconds else { return nil }
        return withState { $0.wait(ofAddress: address, now: now) }
    }

    /// Counts a failure for the address alone: a wrong secret of a client.
    public func countFailure(ofAddress address: String) async {
        let now = clock.now()
        await keep(withState { $0.fail(address: address, now: now) })
    }

    // MARK: Accounts

    /// False while nobody at all has to wait.
    var mayWait: Bool { lastWait.load(ordering: .acquiring) > clock.now().milliseconds }

    /// How long that login would have to wait if it asked, and turned out to be that person's; nil when it would not.
    func wait(of login: ThrottledLogin, for person: IdentityKey) -> ThrottleWait? {
        withState { $0.wait(of: login, for: person, now: clock.now()) }
    }

    /// Forgets which passwords of that person were refused: one of them may be the right one now.
    public func passwordChanged(of person: IdentityKey) {
        let now = clock.now()
        shared.withLock { shared in shared.state.repeats.forget(person: shared.state.subject(person), now: now) }
    }

    func attempt(_ login: ThrottledLogin, deadline: ContinuousClock.Instant) -> ThrottledAttempt {
        ThrottledAttempt(throttle: self, login: login, deadline: deadline)
    }

    func withState<Value>(_ work: (inout ThrottleState) -> sending Value) -> sending Value {
        shared.withLock { shared in
            let before = shared.state.lastWaits
            let value = work(&shared.state)
            let after = shared.state.lastWaits
            // Under the lock, so that a later end is never overwritten by an earlier one.
            if after != before {
                lastAddressWait.store(after.addresses.milliseconds, ordering: .releasing)
                lastWait.store(after.all.milliseconds, ordering: .releasing)
            }
            return value
        }
    }

    func note(_ success: KnownAddress) {
        guard store != nil else { return }
        shared.withLock { shared in
            if shared.unkept.count < Self.unkeptLimit { shared.unkept.append(success) }
        }
        pause.end()
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
            let records = ThrottleRecords(counts: counts.map { ($0.key, $0.value) })
            withState { $0.merge(records, addresses: change.addresses) }
            note(failure: nil)
        } catch {
            note(failure: error)
        }
    }

    /// Keeps step with the store until the task is cancelled: every second where other nodes count, too; else within a second
    /// of what is to be kept, and once a minute.
    public func run() async {
        async let older: Void = loadOlder()
        var next = ContinuousClock.now
        var seen = clock.now()
        while !Task.isCancelled {
            seen = await step(after: seen, tidies: .now >= next)
            if .now >= next { next = .now + .seconds(60) }
            await rest(until: next)
        }
        await older
        // In a task of its own, which nobody has cancelled.
        await Task { await keepSuccesses() }.value
    }

    /// Until there is something to do, and then a second in which more may come; not beyond `next`.
    private func rest(until next: ContinuousClock.Instant) async {
        if store?.hasOtherNodes != true { await pause.wait(until: next) }
        guard .now < next else { return }
        // Cancelled: the loop's condition ends it.
        try? await Task.sleep(for: .seconds(1))
    }

    /// One turn of `run`: writes down successes, reads what other nodes counted, lets go of what is over.
    func step(after seen: Timestamp, tidies: Bool) async -> Timestamp {
        let now = clock.now()
        if tidies { withState { $0.prune(now: now) } }
        guard let store else { return now }
        await keepSuccesses()
        do throws(StoreError) {
            if store.hasOtherNodes {
                var records = ThrottleRecords(
                    counts: try await store.throttleCounts(
                        after: min(seen, now) - Self.overlap,
                        limit: ThrottleState.capacity
                    )
                )
                if tidies {
                    // A row for each login of somebody from somewhere new, and nobody is in a hurry: once a minute.
                    let after = shared.withLock { min($0.knownSeen ?? now, now) } - Self.overlap
                    records.known = try await store.knownAddresses(after: after, limit: ThrottleState.capacity)
                    shared.withLock { $0.knownSeen = now }
                }
                let found = records
                withState { $0.merge(found) }
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
                // No word of it, and no pause for the counts of failures: a success that is written later does no harm.
                shared.withLock { $0.unkept += batch.prefix(Self.unkeptLimit - $0.unkept.count) }
                pause.end()
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
