import Authentication
import Synchronization

/// A clock that goes only when told to.
final class TestClock: WallClock {
    /// Half a second into a second, so that rounding shows.
    static let start = Timestamp(milliseconds: 1_790_000_000_500)

    private let time = Mutex(start)

    func now() -> Timestamp { time.withLock { $0 } }

    func advance(_ duration: Duration) { time.withLock { $0 = $0 + duration } }

    func set(_ moment: Timestamp) { time.withLock { $0 = moment } }
}
