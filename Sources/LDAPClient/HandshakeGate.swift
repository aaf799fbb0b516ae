import EventPoller

/// How many handshakes with one host may be on their way.
///
/// A handshake holds a thread of the pool for as long as the server is silent. While it is not known that a host shakes
/// hands, one thread tries: a dead host then costs one thread, however many connections are wanted, and the others have
/// the rest of the pool.
actor HandshakeGate {
    nonisolated let poller: EventPoller
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe poller.asUnownedSerialExecutor() }

    /// A host that falls silent all at once holds so many, and no more.
    private static let trusted = 4

    private var turns = TurnQueue(capacity: 1)

    init(poller: EventPoller) { self.poller = poller }

    /// - Throws: `.tls` when no turn comes in time, or `.cancelled`.
    func enter(_ place: String, deadline: ContinuousClock.Instant) async throws(LDAPError) {
        if turns.enter() { return }
        let id = turns.nextID()
        let timeout = LDAPError(.tls, "\(place): an earlier TLS handshake is still without an answer")
        let timer = poller.schedule(at: deadline) { [weak self] in
            self?.assumeIsolated { $0.turns.giveUp(id, timeout) }
        }
        defer { poller.cancel(timer) }
        let cancelled = LDAPError(.cancelled, "\(place): cancelled")
        let outcome: Result<Void, LDAPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Before it waited nobody could take it out.
                if Task.isCancelled { return continuation.resume(returning: .failure(cancelled)) }
                if deadline <= .now { return continuation.resume(returning: .failure(timeout)) }
                turns.wait(id, continuation)
            }
        } onCancel: {
            poller.perform { [weak self] in self?.assumeIsolated { $0.turns.giveUp(id, cancelled) } }
        }
        try outcome.get()
    }

    func leave(succeeded: Bool) {
        turns.capacity = succeeded ? Self.trusted : 1
        turns.leave()
    }
}
