public import Authentication
public import Logging
internal import Synchronization

/// Keeps `Revocations`, the key ring and whoever observes it in step with the store, so that verifying asks nobody.
public final class ChangeFeed: Sendable {
    private struct State {
        var number: Int64 = 0
        var polledAt: Timestamp?
        var isLoaded = false
        var keysPending = false
        var failure: String?
        var observers: [any ChangeObserver] = []
        var awaitsMasterKey = false
    }

    /// Half of the second within which a change must be obeyed.
    private static let interval = Duration.milliseconds(500)
    /// So long at most nobody looks at a store that says itself when it is written to: for what no write tells of, a clock
    /// that was set back among it.
    private static let longest = Duration.seconds(5)
    /// Changes that come together are read together.
    private static let gathering = Duration.milliseconds(10)

    private let store: any ChangeStore
    private let revocations: Revocations
    private let keys: KeyRing
    private let clock: any WallClock
    private let logger: Logger
    private let state = Mutex(State())
    private let pause = Pause()

    /// A feed from `store` into `revocations` and `keys`.
    public init(
        store: any ChangeStore,
        revocations: Revocations,
        keys: KeyRing,
        clock: any WallClock = SystemWallClock(),
        logger: Logger
    ) {
        self.store = store
        self.revocations = revocations
        self.keys = keys
        self.clock = clock
        self.logger = logger
    }

    /// True once everything of interest has been read; before, no token may be called good.
    public var isLoaded: Bool { state.withLock { $0.isLoaded } }

    /// Why the last poll failed; nil when it did not.
    public var failure: String? { state.withLock { $0.failure } }

    /// Tells `observer` of every change from now on, for the life of the process.
    public func observe(_ observer: any ChangeObserver) {
        state.withLock { $0.observers.append(observer) }
    }

    /// Polls twice a second until the task is cancelled, sooner when somebody says that something happened, and seldom while
    /// the store itself knows that nothing did; a poll that fails is logged once and tried again.
    ///
    /// - Parameter announcements: hints that there is something new; some may be lost.
    public func run(hearing announcements: AsyncStream<Void>? = nil) async {
        async let hints: Void = hear(announcements)
        while !Task.isCancelled {
            let isRead = await poll()
            // A master key that is waited for comes without a write.
            if isRead, !state.withLock({ $0.keysPending }), await store.awaitWrite(within: Self.longest) { continue }
            await rest()
        }
        await hints
    }

    private func hear(_ announcements: AsyncStream<Void>?) async {
        guard let announcements else { return }
        for await _ in announcements { pause.end() }
    }

    /// Until the next poll is due. Polls come one after the other, so that none undoes what a later one has read.
    private func rest() async {
        // Cancelled: the loop's condition ends it.
        if await pause.wait(until: .now + Self.interval) { try? await Task.sleep(for: Self.gathering) }
    }

    /// Asks once for what is new; also to be called at the start, before `run()`.
    ///
    /// - Returns: false when the store or the keys could not be read; the same is asked for again next time.
    @discardableResult
    public func poll() async -> Bool {
        let now = clock.now()
        let (number, isFirst) = state.withLock { state -> (Int64, Bool) in
            // A clock set back may bring sessions to life that were forgotten as long over: read everything again.
            if let last = state.polledAt, now < last - .seconds(5) { state.number = 0 }
            state.polledAt = now
            return (state.number, !state.isLoaded)
        }
        do {
            let changes = try await store.changes(after: number, now: now)
            if changes.number < number {
                // Another server answers, which has never heard of the latest: its numbers say nothing to who counts by the
                // old one's. Reading everything again adds to what is known.
                state.withLock { $0.number = 0 }
                return await poll()
            }
            report(revocations.apply(changes), isFirst: isFirst)
            // From the beginning the store tells no changes of people; where nothing ever changed there are none.
            if number == 0, changes.number > 0 { revocations.forgetPasswords() }
            tell(changes, after: number)
            state.withLock { state in
                state.number = changes.number
                state.isLoaded = true
                if changes.keysChanged { state.keysPending = true }
            }
            revocations.prune(now: now)
            if state.withLock({ $0.keysPending }) { try await readKeys(isFirst: isFirst) }
        } catch {
            // Whoever answers next may have lost the latest numbers and given them anew: everything is read again then.
            state.withLock { $0.number = 0 }
            // Told to stop is no outage.
            if !Task.isCancelled { note(failure: "\(error)") }
            return false
        }
        note(failure: nil)
        return true
    }

    private func readKeys(isFirst: Bool) async throws(KeyError) {
        let before = keys.storedKeys
        let reading = try await keys.reload()
        let wasAwaiting = state.withLock { state in
            defer { state.awaitsMasterKey = reading == .awaitsMasterKey }
            state.keysPending = reading == .awaitsMasterKey
            return state.awaitsMasterKey
        }
        switch reading {
        case .awaitsMasterKey where !wasAwaiting: logger.warning("\(KeyError.masterKeyAway)")
        case .done where wasAwaiting: logger.notice("The new master key was found")
        case .done where !isFirst && keys.storedKeys != before:
            logger.notice("Keys were changed by a command or another node")
        default: break
        }
    }

    /// What this process did itself is known already; the rest leaves a trace here too.
    private func report(_ news: Revocations.News, isFirst: Bool) {
        guard !isFirst else { return }
        if news.sessions > 0 {
            logger.info("Sessions were ended by a command or another node", metadata: ["sessions": "\(news.sessions)"])
        }
        for entry in news.notBefore {
            let moment: Logger.Metadata = ["scope": "\(entry.scope)", "not_before": "\(entry.seconds)"]
            logger.notice("Tokens issued earlier are refused from now on", metadata: moment)
        }
    }

    private func tell(_ changes: StoreChanges, after number: Int64) {
        let observers = state.withLock { $0.observers }
        guard !observers.isEmpty else { return }
        var told: [ObservedChange] = []
        if number == 0 {
            told = [.everybody]
        } else {
            told += changes.endedSessions.map { .session($0.id, of: $0.person) }
            told += changes.people.map { .person($0) }
            for entry in changes.notBefore {
                switch entry.scope {
                case .everyone: told.append(.everybody)
                case .client(let id): told.append(.client(id))
                case .identity(let key): told.append(.person(key))
                }
            }
        }
        for change in told {
            for observer in observers { observer.changed(change) }
        }
    }

    private func note(failure: String?) {
        let before = state.withLock { state -> String? in
            defer { state.failure = failure }
            return state.failure
        }
        switch (before, failure) {
        case (nil, let reason?):
            logger.error("Changes in the store cannot be read; trying again", metadata: ["reason": "\(reason)"])
        case (_?, nil):
            logger.notice("Changes in the store are read again")
        default:
            break
        }
    }
}
