/// How many failures within which time are too many, and how long to wait then.
struct ThrottleLimit: Sendable, Hashable {
    var failures: Int
    var window: Duration
    /// The first wait; zero where the wait lasts until the window has room again.
    var lockout: Duration = .zero
    var lockoutMax: Duration = .zero

    /// True for a limit whose waits double.
    var doubles: Bool { lockout > .zero }

    /// The `number`th wait in a row, counted from 1: doubled each time, up to the longest.
    func wait(number: Int32) -> Duration {
        let first = min(lockout, lockoutMax)
        // 62 doublings of a millisecond are longer than any duration that can be configured.
        guard number > 1, number < 63, first.wholeMilliseconds < Int64.max >> Int64(number) else {
            return number <= 1 ? first : lockoutMax
        }
        return min(.milliseconds(first.wholeMilliseconds << Int64(number - 1)), lockoutMax)
    }
}
