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
        var older = Older.known
    }

    /// How far older successes have been read.
    enum Older {
        case known
        /// They are being read, and whom it makes a difference for waits for them.
        case coming
        /// The store has failed; nobody waits for them.
        case late
    }

    /// Successes wait for the store in such a number at most; further ones are kept at the next login.
    private static let unkeptLimit = 20_000
    /// Written in one transaction.
    private static let batch = 500
    private static let beginning = Timestamp(milliseconds: 0)
    /// So many known addresses are read before the first login.
    static let firstKnown = 1000
    /// Clocks of nodes may differ by so much, and a write may take it to be seen.
    private static let overlap = Duration.seconds(60)
    /// After a failure of the store counts are kept in memory only for so long, rather than each refusal waiting for it.
    private static let storePause = Duration.seconds(5)

    let clock: any WallClock
    let watch = DeadlineWatch()
    private let store: (any ThrottleStore)?
    private let logger: Logger
    let shared: Mutex<Shared>
    /// The wait of `run`, while nothing is to be done.
    private let pause = Pause()
    /// `ThrottleState.lastWaits` in milliseconds, so that where nobody waits there is neither a lock nor a hash.
    private let lastAddressWait = Atomic<Int64>(0)
    private let lastWait = Atomic<Int64>(0)
    /// The longest that a login waits for older known addresses.
    private let olderPatience: Duration
    /// `Shared.older` is `coming`.
    private let isReadingOlder = Atomic<Bool>(false)

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

    /// Reads what was counted before this process began. To be called once, before anybody is let in.
    ///
    /// Of known addresses the newest only; `run` reads the others, which may be very many, while logins are served. Of those
    /// logins the ones wait for it that are judged by it: where somebody has failed on the account before.
    public func load() async throws(StoreError) {
        guard let store else { return }
        let now = clock.now()
        let records = ThrottleRecords(
            counts: try await store.throttleCounts(after: Self.beginning, limit: ThrottleState.capacity),
            known: try await store.knownAddresses(after: Self.beginning, limit: Self.firstKnown)
        )
        withState { $0.merge(records) }
        shared.withLock { $0.knownSeen = now }
        if records.known.count >= Self.firstKnown { set(.coming) }
    }

    /// Reads what `load` has left out, however often that takes.
    func loadOlder() async {
        guard let store else { return }
        while shared.withLock({ $0.older != .known }), !Task.isCancelled {
            do throws(StoreError) {
                let known = try await store.knownAddresses(after: Self.beginning, limit: ThrottleState.capacity)
                // In pieces, because logins wait for the lock; the newest last, because the oldest are let go first.
                for start in stride(from: 0, to: known.count, by: Self.batch).reversed() {
                    let piece = known[start..<min(start + Self.batch, known.count)]
                    withState { $0.merge(ThrottleRecords(known: piece.reversed())) }
                }
                set(.known)
            } catch {
                guard !Task.isCancelled else { return }
                if shared.withLock({ $0.older == .coming }) {
                    logger.warning(
                        "Which addresses people came from before cannot all be read yet: an attack may shut some out until then",
                        metadata: ["reason": "\(error)"]
                    )
                }
                set(.late)
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    var isLate: Bool { shared.withLock { $0.older == .late } }

    private func set(_ older: Older) {
        shared.withLock { shared in
            shared.older = older
            isReadingOlder.store(older == .coming, ordering: .releasing)
        }
    }

    /// Waits until it is known where people came from before, if that makes a difference for this login, or for that person.
    func knowOlder(
        _ login: ThrottledLogin,
        _ person: IdentityKey?,
        since begun: ContinuousClock.Instant,
        deadline: ContinuousClock.Instant
    ) async {
        guard isReadingOlder.load(ordering: .acquiring) else { return }
        let now = clock.now()
        guard withState({ $0.judges(login, person, byAddressAt: now) }) else { return }
        let end = min(deadline, begun + olderPatience)
        while isReadingOlder.load(ordering: .acquiring), .now < end, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(5))
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
