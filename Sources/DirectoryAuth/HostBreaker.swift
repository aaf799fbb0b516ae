/// The circuit breaker of one host. Pure: whoever holds it does what it says, and tells it the time.
///
/// Closed, requests go to the host. Three failures in a row open it: nobody is sent there, and a probe is made after 1 s,
/// then 2 s, then every 3 s, counted from the beginning of the probe before and whether that has ended or not: one that
/// was sent into silence does not keep the next from finding the host awake. A probe that succeeds closes it on trial: one
/// request goes first; its answer makes it closed for good, its failure opens it again with the next longer pause. So a
/// host that answers probes but no logins costs one login at a time.
///
/// Failures of requests that began before the last answer, or before the probe that closed it, say nothing new and are
/// not counted.
struct HostBreaker: Sendable {
    /// Whether a request may go to the host.
    enum Admission: Sendable, Hashable {
        /// In its place.
        case asUsual
        /// After the others: it failed a moment ago, or somebody else is trying it.
        case afterOthers
        case no
    }

    /// What an outcome changed, so that each change is told once.
    enum Change: Sendable, Hashable {
        case none
        case opened
        case closed
    }

    private enum Phase: Sendable {
        case closed
        case open(nextProbe: ContinuousClock.Instant)
        case trial(taken: ContinuousClock.Instant?)
    }

    /// So many failures in a row open it.
    static let threshold = 3
    /// After a failure the others are asked first for so long.
    static let setback = Duration.seconds(1)
    /// So many probes may be under way at a time.
    static let probeLimit = 3
    /// A probe has so long: then the next one that is due finds a place among `probeLimit`.
    static let probePatience = Duration.seconds(9)
    /// Who has taken the trial and was not heard of for so long does not keep others from it.
    static let trialPatience = Duration.seconds(5)

    private var phase = Phase.closed
    /// How often it was opened, and probes failed, since a request was last answered.
    private var pauses = 0
    private var lastAnswer: ContinuousClock.Instant?
    private var lastFailure: ContinuousClock.Instant?
    /// Probes under way.
    private var probing = 0
    private var lastProbe: ContinuousClock.Instant?
    private var isDoubted = false
    /// Failures in a row.
    private(set) var failures = 0
    /// When it last heard anything of the host, good or bad.
    private(set) var lastNews: ContinuousClock.Instant?

    /// True while nobody is sent there.
    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    /// True once the host has answered, and failed nothing since.
    var isWell: Bool { !isOpen && failures == 0 && lastNews != nil }

    /// True when requests go there in its place whenever they come.
    var isSettled: Bool {
        if case .closed = phase { failures == 0 } else { false }
    }

    private var pause: Duration {
        switch pauses {
        case ...1: .seconds(1)
        case 2: .seconds(2)
        default: .seconds(3)
        }
    }

    // MARK: requests

    /// Where a request that comes now is to ask the host; the first to ask on trial takes the trial.
    mutating func admission(now: ContinuousClock.Instant) -> Admission {
        switch phase {
        case .open: return .no
        case .closed:
            guard failures > 0, let lastFailure, now < lastFailure + Self.setback else { return .asUsual }
            return .afterOthers
        case .trial(let taken):
            if let taken, now < taken + Self.trialPatience { return .afterOthers }
            phase = .trial(taken: now)
            return .asUsual
        }
    }

    /// The host answered a request.
    mutating func answered(now: ContinuousClock.Instant) {
        lastNews = now
        lastAnswer = now
        // Nobody is sent to a host that is open: this is a late answer, and the next probe will tell.
        guard !isOpen else { return }
        phase = .closed
        failures = 0
        pauses = 0
    }

    /// A request begun at `begun` failed by the host's fault.
    mutating func failed(begun: ContinuousClock.Instant, now: ContinuousClock.Instant) -> Change {
        if let lastAnswer, begun < lastAnswer { return .none }
        lastNews = now
        lastFailure = now
        failures += 1
        switch phase {
        case .open: return .none
        case .closed where failures < Self.threshold: return .none
        case .closed, .trial:
            pauses += 1
            phase = .open(nextProbe: now + pause)
            return .opened
        }
    }

    // MARK: probes

    /// When the next probe of an open breaker is due; nil while it is closed or too many are on their way.
    var nextProbe: ContinuousClock.Instant? {
        guard probing < Self.probeLimit, case .open(let instant) = phase else { return nil }
        return instant
    }

    /// True when a host should be looked at although nobody asked it: it is new, failed something, or was silent for long.
    func wantsLook(after silence: Duration, now: ContinuousClock.Instant) -> Bool {
        guard probing == 0, !isOpen else { return false }
        if isDoubted, lastProbe.map({ now >= $0 + Self.setback }) ?? true { return true }
        guard let lastNews else { return lastProbe == nil }
        return now >= lastNews + (failures > 0 ? Self.setback : silence)
    }

    /// A connection was lost: somebody should look.
    mutating func doubt() { isDoubted = true }

    /// A probe begins.
    mutating func probeBegan(now: ContinuousClock.Instant) {
        probing += 1
        isDoubted = false
        lastProbe = now
        guard isOpen else { return }
        pauses += 1
        phase = .open(nextProbe: now + pause)
    }

    /// A probe was not made after all.
    mutating func probeAborted() { probing = max(0, probing - 1) }

    /// A probe begun at `begun` ended.
    mutating func probeEnded(succeeded: Bool, begun: ContinuousClock.Instant, now: ContinuousClock.Instant) -> Change {
        probing = max(0, probing - 1)
        guard isOpen else {
            guard !succeeded else {
                lastNews = now
                // What a request found wrong only a request can find mended.
                return .none
            }
            return failed(begun: begun, now: now)
        }
        lastNews = now
        guard succeeded else {
            failures += 1
            return .none
        }
        phase = .trial(taken: nil)
        failures = 0
        // What failed from then on, requests and other probes, went out to a host that was gone.
        lastAnswer = now
        return .closed
    }
}
