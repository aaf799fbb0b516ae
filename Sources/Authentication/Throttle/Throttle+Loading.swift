internal import Logging
internal import Synchronization

/// What was counted before this process began.
extension Throttle {
    /// How far older known addresses have been read.
    enum Older: UInt8, AtomicRepresentable {
        case known
        /// They are being read, and whom it makes a difference for waits for them.
        case coming
        /// The store has failed; nobody waits for them.
        case late
    }

    private static let beginning = Timestamp(milliseconds: 0)
    /// So many known addresses are read before the first login.
    static let firstKnown = 1000

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
        if records.known.count >= Self.firstKnown { older.store(.coming, ordering: .releasing) }
    }

    /// Reads what `load` has left out, however often that takes.
    func loadOlder() async {
        guard let store else { return }
        while older.load(ordering: .relaxed) != .known, !Task.isCancelled {
            do throws(StoreError) {
                let known = try await store.knownAddresses(after: Self.beginning, limit: ThrottleState.capacity)
                // In pieces, because logins wait for the lock; the newest last, because the oldest are let go first.
                for start in stride(from: 0, to: known.count, by: Self.batch).reversed() {
                    let piece = known[start..<min(start + Self.batch, known.count)]
                    withState { $0.merge(ThrottleRecords(known: piece.reversed())) }
                }
                older.store(.known, ordering: .releasing)
            } catch {
                guard !Task.isCancelled else { return }
                if older.exchange(.late, ordering: .relaxed) == .coming {
                    logger.warning(
                        "Which addresses people came from before cannot all be read yet: an attack may shut some out until then",
                        metadata: ["reason": "\(error)"]
                    )
                }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Waits until it is known where people came from before, if that makes a difference for this login, or for that person.
    func knowOlder(
        _ login: ThrottledLogin,
        _ person: IdentityKey?,
        since begun: ContinuousClock.Instant,
        deadline: ContinuousClock.Instant
    ) async {
        guard older.load(ordering: .acquiring) == .coming else { return }
        let now = clock.now()
        guard withState({ $0.judges(login, person, byAddressAt: now) }) else { return }
        let end = min(deadline, begun + olderPatience)
        while older.load(ordering: .acquiring) == .coming, .now < end, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }
}
