/// Notices that the wall clock was set forward, by comparing it with one that nobody sets.
///
/// What was removed because its time seemed over does not come back when the clock is put right. So nothing is removed
/// until the new time has held for a while.
public struct ClockWatch: Sendable {
    /// A step smaller than this is how clocks are kept right.
    static let tolerance = Duration.seconds(300)
    /// So long a new time must hold.
    static let probation = Duration.seconds(3600)

    private let clock: any WallClock
    private let ticks: @Sendable () -> ContinuousClock.Instant
    private var wall: Timestamp
    private var tick: ContinuousClock.Instant
    private var doubtsUntil: ContinuousClock.Instant?

    /// A watch over `clock` that takes its present time for right.
    ///
    /// - Parameter ticks: goes on at one speed, also while the machine sleeps (clock_gettime(2), CLOCK_BOOTTIME).
    public init(
        _ clock: any WallClock,
        ticks: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.clock = clock
        self.ticks = ticks
        wall = clock.now()
        tick = ticks()
    }

    /// False for an hour after the clock was set forward by more than five minutes since it was asked last.
    public mutating func isTrusted() -> Bool {
        let (wall, tick) = (clock.now(), ticks())
        let expected = self.wall + self.tick.duration(to: tick)
        if wall > expected + Self.tolerance { doubtsUntil = tick + Self.probation }
        (self.wall, self.tick) = (wall, tick)
        guard let doubtsUntil, tick < doubtsUntil else { return true }
        return false
    }
}
