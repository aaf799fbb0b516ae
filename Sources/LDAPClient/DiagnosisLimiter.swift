internal import Synchronization

/// Allows one diagnosis per place and minute, so that an outage does not double the connections of a struggling server.
public final class DiagnosisLimiter: Sendable {
    private let interval: Duration
    private let capacity: Int
    private let last = Mutex<[LDAPURL: ContinuousClock.Instant]>([:])

    /// Once per `interval` for each of at most `capacity` places; more places wait until one is forgotten.
    public init(interval: Duration = .seconds(60), capacity: Int = 256) {
        self.interval = interval
        self.capacity = capacity
    }

    /// True when a diagnosis may begin now; it then counts as begun.
    public func mayDiagnose(_ url: LDAPURL, now: ContinuousClock.Instant = .now) -> Bool {
        last.withLock { last in
            if let before = last[url], now - before < interval { return false }
            if last.count >= capacity { last = last.filter { now - $0.value < interval } }
            guard last.count < capacity || last[url] != nil else { return false }
            last[url] = now
            return true
        }
    }
}
