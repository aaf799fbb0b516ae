import EventPoller

/// Which service connection takes the next search, and when one more is dialled. Pure: `HostConnections` does what it says.
///
/// Searches share connections, up to `loadLimit` on each: OpenLDAP closes a connection on which more than 100 requests
/// wait (conn_max_pending in slapd.conf(5)). Those who come before the first is open wait for one dial together.
struct ServicePoolState {
    typealias Connection = Int
    typealias Waiter = UInt64

    enum Request: Equatable {
        case use(Connection, dials: Bool)
        case wait(dials: Bool)
        case refuse
    }

    private struct Waiting {
        let waiter: Waiter
        /// Only connections younger than this one will do.
        let oldest: Connection
    }

    static let loadLimit = 64

    let limit: Int
    let waiterLimit: Int
    /// The load of each. Connections are numbered in the order they are made: a greater number is a younger connection.
    private var loads: [Connection: Int] = [:]
    private(set) var isDialing = false
    private var waiters = Queue<Waiting>()

    init(limit: Int, waiterLimit: Int) {
        self.limit = max(1, limit)
        self.waiterLimit = waiterLimit
    }

    var open: Int { loads.count }
    var inFlight: Int { loads.values.reduce(0, +) }
    var waiting: Int { waiters.count }
    /// Those that take searches.
    var connections: [Connection] { Array(loads.keys) }
    /// Those that nobody uses or is about to use.
    var unused: [Connection] { loads.filter { $0.value == 0 }.map(\.key) }

    /// The least loaded connection.
    /// - Parameter lost: when a search is tried again, the connection it was lost on: only younger ones will do.
    mutating func request(_ waiter: Waiter, after lost: Connection? = nil) -> Request {
        let oldest = lost ?? Int.min
        // Nobody is overtaken; but who waits for a younger one than this does not want it.
        if let best = leastLoaded(youngerThan: oldest), !waiters.contains(where: { $0.oldest < best.connection }) {
            loads[best.connection] = best.load + 1
            return .use(best.connection, dials: best.load > 0 && wantsDial())
        }
        guard waiters.count < waiterLimit else { return .refuse }
        waiters.append(Waiting(waiter: waiter, oldest: oldest))
        return .wait(dials: wantsDial())
    }

    /// The oldest of those with the least load that take one more.
    private func leastLoaded(youngerThan oldest: Connection) -> (connection: Connection, load: Int)? {
        var best: (connection: Connection, load: Int)?
        for (connection, load) in loads where connection > oldest && load < Self.loadLimit {
            if let best, (best.load, best.connection) < (load, connection) { continue }
            best = (connection, load)
        }
        return best
    }

    /// A search has ended: who takes its place.
    mutating func finished(_ connection: Connection) -> Waiter? {
        guard let load = loads[connection] else { return nil }
        loads[connection] = load - 1
        return next(for: connection)
    }

    /// A new connection is there: who uses it.
    mutating func dialed(_ connection: Connection) -> [Waiter] {
        isDialing = false
        loads[connection] = 0
        var served: [Waiter] = []
        while let waiter = next(for: connection) { served.append(waiter) }
        return served
    }

    /// A connection that nobody had dialled for those who wait is there: who uses it.
    mutating func adopted(_ connection: Connection) -> [Waiter] {
        let wasDialing = isDialing
        defer { isDialing = wasDialing }
        return dialed(connection)
    }

    /// The dial failed: who would wait for nothing and has to be told.
    mutating func dialFailed() -> [Waiter] {
        isDialing = false
        let youngest = loads.keys.max() ?? Int.min
        var disappointed: [Waiter] = []
        waiters.removeAll { waiting in
            let isHopeless = waiting.oldest >= youngest
            if isHopeless { disappointed.append(waiting.waiter) }
            return isHopeless
        }
        return disappointed
    }

    /// Nobody waits for the dial under way any more. True when another one has to be made for those who wait.
    mutating func dialAbandoned() -> Bool {
        isDialing = false
        return !waiters.isEmpty && wantsDial()
    }

    /// A connection takes no more searches. True when one has to be dialled for those who wait.
    mutating func closed(_ connection: Connection) -> Bool {
        loads[connection] = nil
        return !waiters.isEmpty && wantsDial()
    }

    mutating func giveUp(_ waiter: Waiter) {
        waiters.removeAll { $0.waiter == waiter }
    }

    mutating func takeWaiters() -> [Waiter] {
        var all: [Waiter] = []
        while let waiting = waiters.popFirst() { all.append(waiting.waiter) }
        return all
    }

    /// The first in the queue that can use this connection: one that waits for a younger one holds nobody up.
    private mutating func next(for connection: Connection) -> Waiter? {
        guard let load = loads[connection], load < Self.loadLimit,
            let waiting = waiters.popFirst(where: { $0.oldest < connection })
        else { return nil }
        loads[connection] = load + 1
        return waiting.waiter
    }

    private mutating func wantsDial() -> Bool {
        guard !isDialing, loads.count < limit else { return false }
        isDialing = true
        return true
    }
}
