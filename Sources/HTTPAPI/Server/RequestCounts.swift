internal import Synchronization

/// How many requests each endpoint answered, by status class; counting takes no lock and no memory.
final class RequestCounts: Sendable {
    private final class Counts: Sendable {
        let ok = Atomic<UInt64>(0)
        let redirect = Atomic<UInt64>(0)
        let refused = Atomic<UInt64>(0)
        let failed = Atomic<UInt64>(0)
        let nanoseconds = Atomic<UInt64>(0)
    }

    /// For requests that met no endpoint.
    private static let other = "other"

    private let byPath: [String: Counts]
    private let unknown = Counts()

    /// Nothing counted yet for the endpoints at `paths`.
    init(paths: [String]) {
        byPath = Dictionary(paths.map { ($0, Counts()) }, uniquingKeysWith: { first, _ in first })
    }

    /// One answer.
    ///
    /// - Parameter path: the endpoint's as the table has it, never as the client wrote it; nil when there was none.
    func count(path: String?, status: Int, took duration: Duration) {
        let counts = path.flatMap { byPath[$0] } ?? unknown
        switch status {
        case ..<300: counts.ok.add(1, ordering: .relaxed)
        case ..<400: counts.redirect.add(1, ordering: .relaxed)
        case ..<500: counts.refused.add(1, ordering: .relaxed)
        default: counts.failed.add(1, ordering: .relaxed)
        }
        let (seconds, attoseconds) = duration.components
        let nanoseconds = max(0, seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000)
        counts.nanoseconds.add(UInt64(nanoseconds), ordering: .relaxed)
    }

    /// All endpoints by path, last the requests that met none.
    var snapshot: [EndpointStatistics] {
        let known = byPath.sorted { $0.key < $1.key }.map { Self.statistics($0.key, $0.value) }
        return known + [Self.statistics(Self.other, unknown)]
    }

    private static func statistics(_ path: String, _ counts: Counts) -> EndpointStatistics {
        EndpointStatistics(
            path: path,
            answers: [
                ("2xx", counts.ok.load(ordering: .relaxed)), ("3xx", counts.redirect.load(ordering: .relaxed)),
                ("4xx", counts.refused.load(ordering: .relaxed)), ("5xx", counts.failed.load(ordering: .relaxed)),
            ],
            time: .nanoseconds(Int64(clamping: counts.nanoseconds.load(ordering: .relaxed)))
        )
    }
}
