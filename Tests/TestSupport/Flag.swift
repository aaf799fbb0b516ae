import Synchronization

/// Set once, by one task, for others to see.
public final class Flag: Sendable {
    private let state = Mutex(false)

    /// Not set yet.
    public init() {}

    /// True once somebody has set it.
    public var isSet: Bool { state.withLock { $0 } }

    /// Sets it for good.
    public func set() { state.withLock { $0 = true } }
}
