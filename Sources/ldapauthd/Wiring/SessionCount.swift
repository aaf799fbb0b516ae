import Authentication
import Storage

/// The number of open sessions, asked of the store at most once a minute however often the metrics are read.
actor SessionCount {
    private static let age = Duration.seconds(60)

    private let store: SQLStore
    private var last: (number: Int64, at: ContinuousClock.Instant)?

    init(_ store: SQLStore) {
        self.store = store
    }

    /// The number as of a minute ago at most; nil when the store does not answer.
    func value() async -> Int64? {
        if let last, last.at.duration(to: .now) < Self.age { return last.number }
        guard let number = try? await store.openSessions(at: SystemWallClock().now()) else { return nil }
        last = (number, .now)
        return number
    }
}
