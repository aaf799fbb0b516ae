public import Authentication
public import Logging
internal import Synchronization

/// Keeps `Revocations` and the key ring in step with the store, so that verifying asks nobody.
public final class ChangeFeed: Sendable {
    private struct State {
        var number: Int64 = 0
        var polledAt: Timestamp?
        var isLoaded = false
        var keysPending = false
        var failure: String?
    }

    private let store: any ChangeStore
    private let revocations: Revocations
    private let keys: KeyRing
    private let clock: any WallClock
    private let logger: Logger
    private let state = Mutex(State())

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

    /// Polls every second until the task is cancelled; a poll that fails is logged once and tried again.
    public func run() async {
        while !Task.isCancelled {
            await poll()
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Asks once for what is new; also to be called at the start, and when the store says that something happened.
    ///
    /// - Returns: false when the store or the keys could not be read; the same is asked for again next time.
    @discardableResult
    public func poll() async -> Bool {
        let now = clock.now()
        let number = state.withLock { state -> Int64 in
            // A clock set back may bring sessions to life that were forgotten as long over: read everything again.
            if let last = state.polledAt, now < last - .seconds(5) { state.number = 0 }
            state.polledAt = now
            return state.number
        }
        do {
            let changes = try await store.changes(after: number, now: now)
            revocations.apply(changes)
            state.withLock { state in
                state.number = changes.number
                state.isLoaded = true
                if changes.keysChanged { state.keysPending = true }
            }
            revocations.prune(now: now)
            if state.withLock({ $0.keysPending }) {
                try await keys.reload()
                state.withLock { $0.keysPending = false }
            }
        } catch {
            note(failure: "\(error)")
            return false
        }
        note(failure: nil)
        return true
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
