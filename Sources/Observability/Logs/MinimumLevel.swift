public import Logging
internal import Synchronization

/// The level below which nothing is logged; a reload sets another and every logger obeys at once.
public final class MinimumLevel: Sendable {
    private let index: Atomic<Int>

    /// Begins with `level`.
    public init(_ level: Logger.Level) {
        index = Atomic(Self.index(of: level))
    }

    /// The level now.
    public var level: Logger.Level {
        get { Logger.Level.allCases[index.load(ordering: .relaxed)] }
        set { index.store(Self.index(of: newValue), ordering: .relaxed) }
    }

    private static func index(of level: Logger.Level) -> Int {
        Logger.Level.allCases.firstIndex(of: level) ?? 0
    }
}
