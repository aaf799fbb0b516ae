import Authentication

/// The number of open sessions, counted in the background: who reads the metrics waits for no count.
///
/// It is counted when somebody asks, one count at a time, at most once a minute and for at most a fiftieth of the time.
actor SessionCount {
    private static let rest = Duration.seconds(60)
    private static let share = 50

    private let count: @Sendable () async throws(StoreError) -> Int64
    private let ticks: @Sendable () -> ContinuousClock.Instant
    private var last: Int64?
    /// No count is begun before; a failed one is followed no sooner than a good one.
    private var next: ContinuousClock.Instant?
    private var counting: Task<Void, Never>?

    /// - Parameters:
    ///   - ticks: the clock that runs evenly.
    ///   - count: asks the store.
    init(
        ticks: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now },
        count: @escaping @Sendable () async throws(StoreError) -> Int64
    ) {
        self.ticks = ticks
        self.count = count
    }

    /// What was counted last, at once; nil until a count has come to its end.
    func value() -> Int64? {
        if counting == nil, next.map({ ticks() >= $0 }) ?? true { counting = Task { await run() } }
        return last
    }

    /// Waits for the count that is under way.
    func settled() async { await counting?.value }

    private func run() async {
        let begun = ticks()
        do throws(StoreError) {
            last = try await count()
        } catch {
            // The store's own figures tell of its troubles; what was counted before holds until the next count.
        }
        let end = ticks()
        next = end + max(Self.rest, begun.duration(to: end) * Self.share)
        counting = nil
    }
}
