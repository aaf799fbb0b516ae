#if canImport(Glibc)
import Glibc
#endif

/// A moment on the wall clock, in milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Sendable, Hashable, Comparable, Codable {
    /// Milliseconds since the epoch.
    public var milliseconds: Int64

    /// A moment given in milliseconds since the epoch.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// A moment given in whole seconds since the epoch.
    public init(seconds: Int64) {
        self.milliseconds = seconds * 1000
    }

    /// Whole seconds since the epoch, rounded down: the NumericDate of RFC 7519 §2.
    public var seconds: Int64 {
        milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000
    }

    /// Earlier before later.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The moment `duration` later, to the millisecond.
    public static func + (moment: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: moment.milliseconds + duration.wholeMilliseconds)
    }

    /// The moment `duration` earlier, to the millisecond.
    public static func - (moment: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: moment.milliseconds - duration.wholeMilliseconds)
    }
}

extension Duration {
    /// The duration in milliseconds, fractions cut off.
    public var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }

    /// The duration in seconds, fractions cut off.
    public var wholeSeconds: Int64 {
        components.seconds
    }
}

/// Where the rules take the time of day from; a test hands in its own.
public protocol WallClock: Sendable {
    /// The present moment.
    func now() -> Timestamp
}

/// The machine's clock, clock_gettime(2) with CLOCK_REALTIME.
public struct SystemWallClock: WallClock {
    /// The machine's clock.
    public init() {}

    /// The present moment; it may jump when an administrator or NTP sets the clock.
    public func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
