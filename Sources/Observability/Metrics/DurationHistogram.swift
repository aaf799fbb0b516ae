internal import Synchronization

/// How many durations were how long; recording takes no lock and no memory.
final class DurationHistogram: Sendable {
    /// Upper bounds, inclusive, in nanoseconds: from a bind on a kept connection (0.2 ms) to a whole login budget (10 s).
    static let bounds: [Int64] = [
        250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
        250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]

    /// One more than bounds: the last holds what is longer.
    private let buckets = (0...DurationHistogram.bounds.count).map { _ in Counter() }
    private let total = Counter()

    func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        // 292 years fit.
        let nanoseconds = max(0, seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000)
        var place = 0
        while place < Self.bounds.count, Self.bounds[place] < nanoseconds { place += 1 }
        buckets[place].increment()
        total.increment(by: UInt64(nanoseconds))
    }

    /// How many there were in each bucket, and their sum in seconds.
    var snapshot: (counts: [UInt64], sum: Double) {
        (buckets.map(\.value), Double(total.value) / 1e9)
    }
}
