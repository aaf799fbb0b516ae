/// The failures of one account or one address, and whether it has to wait. Pure: the caller brings the time.
public struct ThrottleCount: Sendable, Hashable {
    /// When the failures happened that still count, in ascending order; at most as many as the limit.
    public var failures: [Timestamp]

    /// How many waits have been imposed in a row.
    public var waits: Int32

    /// Refused until then.
    public var until: Timestamp

    /// When something last happened; every change of a count is later than the one before, by a millisecond at least.
    public var changedAt: Timestamp

    /// A count; the defaults are one to which nothing has happened.
    public init(
        failures: [Timestamp] = [],
        waits: Int32 = 0,
        until: Timestamp = Timestamp(milliseconds: 0),
        changedAt: Timestamp = Timestamp(milliseconds: 0)
    ) {
        self.failures = failures
        self.waits = waits
        self.until = until
        self.changedAt = changedAt
    }

    /// True when there is no failure to remember.
    public var isClear: Bool { failures.isEmpty && waits == 0 }

    /// How long there is still to wait; nil when there is not.
    func wait(at now: Timestamp, _ limit: ThrottleLimit) -> Duration? {
        guard until > now else { return nil }
        // A clock set back must not turn seconds into hours.
        let longest = limit.doubles ? limit.lockoutMax : limit.window
        return min(.milliseconds(until.milliseconds - now.milliseconds), longest)
    }

    /// How many attempts may be under way at once so that no more than the limit can fail; always one at least.
    func room(at now: Timestamp, _ limit: ThrottleLimit) -> Int {
        if limit.doubles, waits > 0, now < until + limit.window { return 1 }
        let start = now - limit.window
        return max(1, limit.failures - failures.count { $0 > start })
    }

    /// One more failure.
    mutating func fail(at now: Timestamp, _ limit: ThrottleLimit) {
        let moment = max(now, changedAt + .milliseconds(1))
        forget(at: moment, limit)
        changedAt = moment
        failures.append(moment)
        if limit.doubles {
            guard waits > 0 || failures.count >= limit.failures else { return }
            if waits < .max { waits += 1 }
            until = moment + limit.wait(number: waits)
            failures = []
        } else {
            failures.removeFirst(max(0, failures.count - limit.failures))
            if failures.count >= limit.failures, let oldest = failures.first { until = oldest + limit.window }
        }
    }

    /// A success: nothing is left of the failures.
    mutating func clear(at now: Timestamp) {
        self = ThrottleCount(changedAt: max(now, changedAt + .milliseconds(1)))
    }

    /// When nothing of it counts any more.
    func end(_ limit: ThrottleLimit) -> Timestamp {
        let last = failures.last.map { $0 + limit.window } ?? changedAt
        return waits > 0 ? max(last, until + limit.window) : max(last, until)
    }

    /// Failures older than the window count no more, waits no more when as much time has passed since the last ended.
    private mutating func forget(at now: Timestamp, _ limit: ThrottleLimit) {
        if waits > 0, now >= until + limit.window { waits = 0 }
        let start = now - limit.window
        // Those of a time to come are from a clock that was set back.
        failures.removeAll { $0 <= start || $0 > now }
    }
}
