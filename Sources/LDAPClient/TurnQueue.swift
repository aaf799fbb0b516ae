import EventPoller

/// Lets a few in at a time, the others in order; kept by an actor.
struct TurnQueue {
    typealias Outcome = Result<Void, LDAPError>

    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<Outcome, Never>
    }

    /// How many may be in. Raising it lets nobody in before the next leaves or comes.
    var capacity: Int
    private var inside = 0
    private var waiters = Queue<Waiter>()
    private var lastID: UInt64 = 0

    init(capacity: Int) { self.capacity = capacity }

    /// True while nobody is in.
    var isEmpty: Bool { inside == 0 }

    /// True when the caller is in at once.
    mutating func enter() -> Bool {
        guard inside < capacity, waiters.isEmpty else { return false }
        inside += 1
        return true
    }

    mutating func nextID() -> UInt64 {
        lastID += 1
        return lastID
    }

    /// Queues the caller, or lets him in: the one before him may have left since `enter` said no.
    mutating func wait(_ id: UInt64, _ continuation: CheckedContinuation<Outcome, Never>) {
        if enter() { return continuation.resume(returning: .success(())) }
        waiters.append(Waiter(id: id, continuation: continuation))
    }

    mutating func giveUp(_ id: UInt64, _ error: LDAPError) {
        var gone: [Waiter] = []
        waiters.removeAll { waiter in
            if waiter.id == id { gone.append(waiter) }
            return waiter.id == id
        }
        for waiter in gone { waiter.continuation.resume(returning: .failure(error)) }
    }

    mutating func leave() {
        inside -= 1
        while inside < capacity, let next = waiters.popFirst() {
            inside += 1
            next.continuation.resume(returning: .success(()))
        }
    }

    mutating func failAll(_ error: LDAPError) {
        while let waiter = waiters.popFirst() { waiter.continuation.resume(returning: .failure(error)) }
    }
}
