public import Authentication
public import Logging

/// Removes what nobody asks for any more: sessions a day after their hard end.
public struct StoreMaintenance: Sendable {
    /// An expired refresh token says so for at least this long.
    private static let kept: Duration = .seconds(86400)

    private let store: SQLStore
    private let clock: any WallClock
    private let logger: Logger
    private let pause: Duration
    private let batch: Int

    /// Maintenance of `store`, every `pause`, at most `batch` rows in one transaction so that no login waits long for it.
    public init(
        store: SQLStore,
        clock: any WallClock = SystemWallClock(),
        logger: Logger,
        pause: Duration = .seconds(60),
        batch: Int = 500
    ) {
        self.store = store
        self.clock = clock
        self.logger = logger
        self.pause = pause
        self.batch = batch
    }

    /// Runs until its task is cancelled. A failure is logged, and tried again after the pause.
    public func run() async {
        while !Task.isCancelled {
            do {
                while try await store.purge(before: clock.now() - Self.kept, limit: batch) == batch && !Task.isCancelled
                {
                    await Task.yield()
                }
            } catch {
                logger.warning("The store could not be tidied up: \(error)")
            }
            // Cancelled: the loop's condition ends it.
            try? await Task.sleep(for: pause)
        }
    }
}
