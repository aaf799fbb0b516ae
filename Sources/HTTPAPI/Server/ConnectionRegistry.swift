internal import NIOCore
internal import Synchronization

/// The connections of one server over all its listeners: how many there may be, and how they end together.
///
/// A connection counts until it is closed *and* nothing works for it any more, so that a client that hangs up and
/// calls again cannot have more work in flight than connections.
final class ConnectionRegistry: Sendable {
    /// Names a connection among all of a server.
    typealias ID = UInt64

    private struct State {
        var lastID: ID = 0
        var open: [ID: any Channel] = [:]
        var working: [ID: Task<Void, Never>] = [:]
        /// How many of `working` are not in `open` any more.
        var orphans = 0
        var refused = 0
        var isQuiescing = false
    }

    private let limit: Int
    private let state = Mutex(State())

    /// A registry for at most `limit` connections.
    init(limit: Int) {
        self.limit = limit
    }

    /// Connections that were closed at once because there were too many.
    var refused: Int { state.withLock { $0.refused } }

    /// True once the server ends.
    var isQuiescing: Bool { state.withLock { $0.isQuiescing } }

    /// Connections that count towards the limit.
    var count: Int { state.withLock { $0.open.count + $0.orphans } }

    /// Takes a new connection; nil when there are too many.
    ///
    /// Also while the server goes down: the listeners are closed by then, but what they had accepted a moment before must not
    /// be turned away, or a restart behind a socket unit would lose it.
    func admit(_ channel: any Channel) -> ID? {
        let admitted = state.withLock { state -> ID? in
            guard state.open.count + state.orphans < limit else {
                state.refused += 1
                return nil
            }
            state.lastID += 1
            state.open[state.lastID] = channel
            return state.lastID
        }
        if let admitted {
            channel.closeFuture.whenComplete { _ in self.closed(admitted) }
        }
        return admitted
    }

    private func closed(_ id: ID) {
        state.withLock { state in
            state.open[id] = nil
            if state.working[id] != nil { state.orphans += 1 }
        }
    }

    /// Work has begun for a connection.
    func began(_ work: Task<Void, Never>, for id: ID) {
        state.withLock { $0.working[id] = work }
    }

    /// The work for a connection has ended.
    func ended(for id: ID) {
        state.withLock { state in
            state.working[id] = nil
            if state.open[id] == nil { state.orphans -= 1 }
        }
    }

    /// Tells every connection to end with its present request, or soon when it had none yet.
    func quiesce() {
        let channels = state.withLock { state in
            state.isQuiescing = true
            return Array(state.open.values)
        }
        for channel in channels {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    /// Returns when no connection and no work is left, or `limit` has passed; true in the first case.
    func drained(within limit: Duration) async -> Bool {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while count > 0 {
            guard clock.now < deadline, (try? await clock.sleep(for: .milliseconds(10))) != nil else { return false }
        }
        return true
    }

    /// Cancels all work and closes every connection; returns how many there were.
    func abort() -> Int {
        let (channels, tasks) = state.withLock { state in
            (Array(state.open.values), Array(state.working.values))
        }
        for task in tasks { task.cancel() }
        for channel in channels { channel.close(promise: nil) }
        return channels.count
    }
}
