public import Authentication
internal import Synchronization

/// What is counted of logins and tokens, for the life of the process.
///
/// It learns everything from audit events, so that nothing is counted that is not also told, and from the phases' times.
/// Labels are names of the configuration and words of the program; what a stranger wrote never becomes one.
public final class LoginMetrics: Sendable {
    struct Outcome: Hashable, Sendable {
        var source: String
        var outcome: String
    }

    struct Issued: Hashable, Sendable {
        var grant: String
        var client: String
    }

    /// The label of logins that ended before a source was asked.
    static let noSource = "none"
    /// The label of phases that are no source's: the store and the signature.
    public static let allSources = "all"
    /// The label beyond all bounds.
    static let other = "other"
    static let success = "success"

    let logins: CounterFamily<Outcome>
    let refreshes: CounterFamily<Outcome>
    let issued: CounterFamily<Issued>
    let events: [AuditEvent.Kind: Counter]
    private let granted = Counter()
    private let refused = Counter()
    private let phases = Mutex<[String: PhaseTimes]>([:])

    /// Nothing counted yet; what is named here is counted without a lock.
    public init(sources: [String], clients: [String]) {
        let outcomes = [Self.success, "unavailable"] + Rejection.Reason.allCases.map(\.rawValue)
        let pairs = sources.flatMap { source in outcomes.map { Outcome(source: source, outcome: $0) } }
        let overflow = Outcome(source: Self.other, outcome: Self.other)
        logins = CounterFamily(known: pairs, overflow: overflow)
        refreshes = CounterFamily(known: pairs, overflow: overflow)
        let grants = ["password", "refresh_token", "client_credentials"]
        issued = CounterFamily(
            known: clients.flatMap { client in grants.map { Issued(grant: $0, client: client) } },
            overflow: Issued(grant: Self.other, client: Self.other)
        )
        events = Dictionary(uniqueKeysWithValues: AuditEvent.Kind.allCases.map { ($0, Counter()) })
    }

    /// Where the times of a source's phases go; the same for the same name. Not for the hot path: ask once.
    public func phases(of source: String) -> any PhaseSink { times(of: source) }

    func times(of source: String) -> PhaseTimes {
        phases.withLock { phases in
            if let times = phases[source] { return times }
            let times = PhaseTimes()
            phases[source] = times
            return times
        }
    }

    var allTimes: [String: PhaseTimes] { phases.withLock { $0 } }

    /// People let in, and refused, so far.
    public var loginCounts: (granted: UInt64, refused: UInt64) { (granted.value, refused.value) }

    /// Counts one event whose names are known to be the configuration's.
    func count(_ event: AuditEvent, source: String, client: String, times: PhaseTimes?) {
        events[event.kind]?.increment()
        let isMachine = event.grant == "client_credentials"
        switch event.kind {
        case .login, .refresh:
            // Without a grant somebody was let in and no token made.
            if let grant = event.grant { issued.increment(Issued(grant: grant, client: client)) }
            guard !isMachine else { return }
            let outcome = Outcome(source: source, outcome: Self.success)
            if event.kind == .login { logins.increment(outcome) } else { refreshes.increment(outcome) }
            if event.kind == .login { granted.increment() }
        case .loginRefused, .refreshRefused:
            let outcome = Outcome(source: source, outcome: event.reason ?? Self.other)
            if event.kind == .loginRefused { logins.increment(outcome) } else { refreshes.increment(outcome) }
            if event.kind == .loginRefused { refused.increment() }
        case .revoke, .logout, .password, .throttle, .administration:
            return
        }
        if let duration = event.duration, event.kind == .login || event.kind == .loginRefused {
            times?.record(.total, duration)
        }
    }
}
