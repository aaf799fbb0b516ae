import EventPoller

/// Who has which bind connection, and who waits for one. Pure: `HostConnections` does what it says.
///
/// A connection is lent to one at a time and given back to a stack, so that few are kept busy and the rest grow old
/// (and are closed). Waiters are served in order.
struct BindPoolState {
    typealias Connection = Int
    typealias Waiter = UInt64

    enum Request: Equatable {
        /// An idle connection, and since when it was idle.
        case lend(Connection, idleSince: ContinuousClock.Instant)
        /// Wait; dial one more if told so.
        case wait(dials: Bool)
        /// The queue is full.
        case refuse
    }

    enum Placement: Equatable {
        case lend(to: Waiter)
        case idle
    }

    let limit: Int
    let waiterLimit: Int
    private(set) var idle: [(connection: Connection, since: ContinuousClock.Instant)] = []
    private(set) var lent: Set<Connection> = []
    private(set) var dialing = 0
    private var waiters = Queue<Waiter>()

    init(limit: Int, waiterLimit: Int) {
        self.limit = max(1, limit)
        self.waiterLimit = waiterLimit
    }

    var open: Int { idle.count + lent.count }
    var waiting: Int { waiters.count }

    /// Lends the connection that was given back last, or queues the waiter.
    mutating func request(_ waiter: Waiter) -> Request {
        if let last = idle.popLast() {
            lent.insert(last.connection)
            return .lend(last.connection, idleSince: last.since)
        }
        guard waiters.count < waiterLimit else { return .refuse }
        waiters.append(waiter)
        return .wait(dials: wantsDial())
    }

    /// A connection comes back, or a new one is there.
    mutating func giveBack(_ connection: Connection, now: ContinuousClock.Instant) -> Placement {
        lent.remove(connection)
        if let waiter = waiters.popFirst() {
            lent.insert(connection)
            return .lend(to: waiter)
        }
        idle.append((connection, now))
        return .idle
    }

    mutating func dialed(_ connection: Connection, now: ContinuousClock.Instant) -> Placement {
        dialing -= 1
        return giveBack(connection, now: now)
    }

    /// A dial failed: who has to be told.
    ///
    /// While a connection is lent out, everybody goes on waiting for it. Otherwise those for whom no dial is on its way
    /// fail, the oldest first: they would wait for nothing.
    mutating func dialFailed() -> [Waiter] {
        dialing -= 1
        guard lent.isEmpty else { return [] }
        var failed: [Waiter] = []
        while waiters.count > dialing, let waiter = waiters.popFirst() { failed.append(waiter) }
        return failed
    }

    /// Nobody waits for one of the dials under way any more. True when another one has to be made for those who wait.
    mutating func dialAbandoned() -> Bool {
        dialing -= 1
        return wantsDial()
    }

    /// A connection is gone. True when one more has to be dialled for those who wait.
    mutating func closed(_ connection: Connection) -> Bool {
        lent.remove(connection)
        idle.removeAll { $0.connection == connection }
        return wantsDial()
    }

    mutating func giveUp(_ waiter: Waiter) {
        waiters.removeAll { $0 == waiter }
    }

    /// Takes out what has been idle since before `instant`; the caller closes it.
    mutating func takeIdle(since instant: ContinuousClock.Instant) -> [Connection] {
        let old = idle.filter { $0.since <= instant }.map(\.connection)
        idle.removeAll { $0.since <= instant }
        return old
    }

    /// Everybody who waits; the queue is empty afterwards.
    mutating func takeWaiters() -> [Waiter] {
        var all: [Waiter] = []
        while let waiter = waiters.popFirst() { all.append(waiter) }
        return all
    }

    /// Dials are counted when they are ordered: at most one for each waiter, and never more connections than the limit.
    private mutating func wantsDial() -> Bool {
        guard dialing < waiters.count, open + dialing < limit else { return false }
        dialing += 1
        return true
    }
}
