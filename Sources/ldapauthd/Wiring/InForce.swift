import Synchronization

/// The configuration in force and all that was built from it. Whoever outlives a reload (readiness, status, metrics) asks
/// here each time; `Reload` alone puts something else in.
final class InForce: Sendable {
    private let state: Mutex<Rooms>

    init(_ rooms: Rooms) {
        state = Mutex(rooms)
    }

    /// What counts now.
    var rooms: Rooms { state.withLock { $0 } }

    /// From now on these count.
    func replace(with rooms: Rooms) {
        state.withLock { $0 = rooms }
    }
}
