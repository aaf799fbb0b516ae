public import Authentication
public import Logging

/// Removes what nobody asks for any more: sessions a day after their hard end, offline entries that expired.
///
/// Logins share the writer with it, so it goes in batches that are bounded by rows and by time, and rests after each for a
/// multiple of what it took. Several nodes may do it at once: they find less each.
public struct StoreMaintenance: Sendable {
    /// An expired refresh token says so for at least this long.
    private static let kept: Duration = .seconds(86400)
    /// Changes of people that every process has heard of.
    private static let heard: Duration = .seconds(3600)
    /// Of the time, so much is left to others: one part work, four parts rest.
    private static let rest = 4

    private let store: SQLStore
    private let clock: any WallClock
    private let logger: Logger
    private let pause: Duration
    private let batch: Int

    /// Maintenance of `store`, at once and then every `pause`, a fifth more or less so that nodes do not meet; at most
    /// `batch` rows in one transaction, fewer where the disk is slow.
    public init(
        store: SQLStore,
        clock: any WallClock = SystemWallClock(),
        logger: Logger,
        pause: Duration = .seconds(300),
        batch: Int = 500
    ) {
        self.store = store
        self.clock = clock
        self.logger = logger
        self.pause = pause
        self.batch = max(1, batch)
    }

    /// Runs until its task is cancelled. A failure is logged, and tried again after the pause. After the clock was set
    /// forward nothing is removed for an hour.
    public func run() async {
        var watch = ClockWatch(clock)
        var size = BatchSize(limit: batch)
        while !Task.isCancelled {
            if watch.isTrusted() {
                await tidy(&size)
            } else {
                logger.warning(
                    "The clock was set forward: nothing old is removed before that time has held for an hour"
                )
            }
            // Cancelled: the loop's condition ends it.
            try? await Task.sleep(for: pause * Double.random(in: 0.8...1.2))
        }
    }

    private func tidy(_ size: inout BatchSize) async {
        do {
            let (count, longest) = try await purge(&size)
            if count > 0 {
                let figures: Logger.Metadata = [
                    "sessions": "\(count)", "longest_batch_ms": "\(longest.wholeMilliseconds)",
                ]
                logger.info("Old sessions were removed", metadata: figures)
            }
            try await store.forgetChanges(before: clock.now() - Self.heard)
            try await store.purgeOffline(before: clock.now())
        } catch {
            // Told to stop is no outage.
            if !Task.isCancelled { logger.warning("The store could not be tidied up: \(error)") }
        }
    }

    /// How many were removed, and the longest time a batch had the writer to itself.
    func purge(_ size: inout BatchSize) async throws(StoreError) -> (count: Int, longest: Duration) {
        let before = clock.now() - Self.kept
        var total = 0
        var longest = Duration.zero
        while !Task.isCancelled {
            let rows = size.rows
            let (count, took) = try await store.timedPurge(before: before, limit: rows)
            total += count
            longest = max(longest, took)
            guard count == rows else { break }
            size.adapt(took)
            try? await Task.sleep(for: took * Self.rest)
        }
        return (total, longest)
    }
}

/// How many rows go in one transaction: doubled while that is quick, halved when it is not.
struct BatchSize {
    /// What a login may wait for a batch.
    static let target: Duration = .milliseconds(20)
    /// With fewer, the disk would be asked more often than it is spared.
    static let least = 16

    private let limit: Int
    private(set) var rows: Int

    init(limit: Int) {
        self.limit = limit
        rows = min(limit, 64)
    }

    mutating func adapt(_ took: Duration) {
        if took > Self.target {
            rows = min(limit, max(Self.least, rows / 2))
        } else if took < Self.target / 4 {
            rows = min(limit, rows * 2)
        }
    }
}
