internal import Synchronization

/// How many requests each endpoint answered, by status class; counting takes no lock and no memory.
final class RequestCounts: Sendable {
    /// Of one endpoint.
    final class Counter: Sendable {
        fileprivate let ok = Atomic<UInt64>(0)
        fileprivate let redirect = Atomic<UInt64>(0)
        fileprivate let refused = Atomic<UInt64>(0)
        fileprivate let failed = Atomic<UInt64>(0)
        fileprivate let nanoseconds = Atomic<UInt64>(0)
        fileprivate let times = (0...EndpointStatistics.timeBounds.count).map { _ in Bucket() }

        /// One answer.
        func count(status: Int, took duration: Duration) {
            switch status {
            case ..<300: ok.add(1, ordering: .relaxed)
            case ..<400: redirect.add(1, ordering: .relaxed)
            case ..<500: refused.add(1, ordering: .relaxed)
            default: failed.add(1, ordering: .relaxed)
            }
            let (seconds, attoseconds) = duration.components
            let time = max(0, seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000)
            nanoseconds.add(UInt64(time), ordering: .relaxed)
            var place = 0
            while place < RequestCounts.bounds.count, RequestCounts.bounds[place] < time { place += 1 }
            times[place].count.add(1, ordering: .relaxed)
        }
    }

    /// Answers that took about the same time.
    fileprivate final class Bucket: Sendable {
        let count = Atomic<UInt64>(0)
    }

    private static let bounds = EndpointStatistics.timeBounds.map { Int64($0 / .nanoseconds(1)) }

    /// For requests that met no endpoint.
    private static let other = "other"

    private let byPath: [String: Counter]
    private let unknown = Counter()

    /// Nothing counted yet for the endpoints at `paths`.
    init(paths: [String]) {
        byPath = Dictionary(paths.map { ($0, Counter()) }, uniquingKeysWith: { first, _ in first })
    }

    /// Where the answers at a path are counted.
    ///
    /// - Parameter path: the endpoint's as the table has it, never as the client wrote it; nil when there was none.
    func counter(of path: String?) -> Counter {
        path.flatMap { byPath[$0] } ?? unknown
    }

    /// All endpoints by path, last the requests that met none.
    var snapshot: [EndpointStatistics] {
        let known = byPath.sorted { $0.key < $1.key }.map { Self.statistics($0.key, $0.value) }
        return known + [Self.statistics(Self.other, unknown)]
    }

    private static func statistics(_ path: String, _ counts: Counter) -> EndpointStatistics {
        EndpointStatistics(
            path: path,
            answers: [
                ("2xx", counts.ok.load(ordering: .relaxed)), ("3xx", counts.redirect.load(ordering: .relaxed)),
                ("4xx", counts.refused.load(ordering: .relaxed)), ("5xx", counts.failed.load(ordering: .relaxed)),
            ],
            time: .nanoseconds(Int64(clamping: counts.nanoseconds.load(ordering: .relaxed))),
            times: counts.times.map { $0.count.load(ordering: .relaxed) }
        )
    }
}
