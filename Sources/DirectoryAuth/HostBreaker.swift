/// The circuit breaker of one host. Pure: whoever holds it does what it says, and tells it the time.
///
/// Closed, requests go to the host. Three failures of a kind in a row open it: nobody is sent there, and a probe is
/// made after 1 s, then 2 s, then every 3 s, counted from the beginning of the probe before and whether that has
/// ended or not: one that was sent into silence does not keep the next from finding the host awake. A probe that
/// succeeds closes it on trial: one request goes first; its answer makes it closed for good, its failure opens it
/// again with the next longer pause. So a host that answers probes but no logins costs one login at a time.
///
/// Searches and binds are counted apart: a server may answer the ones and not the others, whose password store hangs for
/// example, and every login brings both. An answer speaks for its own kind only, and a breaker that one kind has opened is
/// closed for good by that kind.
///
/// Failures of requests that began before the last answer, or before the probe that closed it, say nothing new and are
/// not counted.
struct HostBreaker: Sendable {
    /// What is asked of a host.
    enum Kind: Sendable, Hashable {
        /// Whatever goes as the service account, changes among it.
        case search
        case bind
    }

    /// What is known of one kind of request.
    private struct Record: Sendable {
        /// Failures in a row.
        var failures = 0
        var lastAnswer: ContinuousClock.Instant?
    }

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
        /// By which kind of request; nil when it was a probe that failed.
        case open(by: Kind?, nextProbe: ContinuousClock.Instant)
        /// Waits for an answer of that kind; nil for any.
        case trial(of: Kind?, taken: ContinuousClock.Instant?)
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
    private var searches = Record()
    private var binds = Record()
    private var lastFailure: ContinuousClock.Instant?
    /// Probes under way.
    private var probing = 0
    private var lastProbe: ContinuousClock.Instant?
    private var isDoubted = false
    /// When it last heard anything of the host, good or bad.
    private(set) var lastNews: ContinuousClock.Instant?

    /// Failures in a row, of the kind that has more of them.
    var failures: Int { max(searches.failures, binds.failures) }

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
    mutating func admission(_ kind: Kind, now: ContinuousClock.Instant) -> Admission {
        switch phase {
        case .open: return .no
        case .closed:
            guard failures > 0, let lastFailure, now < lastFailure + Self.setback else { return .asUsual }
            return .afterOthers
        case .trial(let wanted, let taken):
            guard wanted == nil || wanted == kind else { return .afterOthers }
            if let taken, now < taken + Self.trialPatience { return .afterOthers }
            phase = .trial(of: wanted, taken: now)
            return .asUsual
        }
    }

    /// The host answered a request.
    mutating func answered(_ kind: Kind, now: ContinuousClock.Instant) {
        lastNews = now
        self[kind].lastAnswer = now
        switch phase {
        // Nobody is sent to a host that is open: this is a late answer, and the next probe will tell.
        case .open: return
        case .closed: break
        case .trial(let wanted, _):
            if wanted == nil || wanted == kind {
                phase = .closed
                pauses = 0
            }
        }
        self[kind].failures = 0
    }

    /// A request begun at `begun` failed by the host's fault.
    mutating func failed(_ kind: Kind, begun: ContinuousClock.Instant, now: ContinuousClock.Instant) -> Change {
        if let lastAnswer = self[kind].lastAnswer, begun < lastAnswer { return .none }
        self[kind].failures += 1
        return failed(by: kind, now: now)
    }

    private mutating func failed(by kind: Kind?, now: ContinuousClock.Instant) -> Change {
        lastNews = now
        lastFailure = now
        var opener = kind
        switch phase {
        case .open: return .none
        case .closed:
            guard failures >= Self.threshold else { return .none }
        case .trial(let wanted, _):
            // Of the other kind it is no more than any first failure.
            guard wanted == nil || kind == nil || wanted == kind || failures >= Self.threshold else { return .none }
            opener = kind ?? wanted
        }
        pauses += 1
        phase = .open(by: opener, nextProbe: now + pause)
        return .opened
    }

    private subscript(_ kind: Kind) -> Record {
        get { kind == .search ? searches : binds }
        set { if kind == .search { searches = newValue } else { binds = newValue } }
    }

    // MARK: probes

    /// When the next probe of an open breaker is due; nil while it is closed or too many are on their way.
    var nextProbe: ContinuousClock.Instant? {
        guard probing < Self.probeLimit, case .open(_, let instant) = phase else { return nil }
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
        guard case .open(let kind, _) = phase else { return }
        pauses += 1
        phase = .open(by: kind, nextProbe: now + pause)
    }

    /// A probe was not made after all.
    mutating func probeAborted() { probing = max(0, probing - 1) }

    /// A probe begun at `begun` ended.
    mutating func probeEnded(succeeded: Bool, begun: ContinuousClock.Instant, now: ContinuousClock.Instant) -> Change {
        probing = max(0, probing - 1)
        guard case .open(let kind, _) = phase else {
            guard !succeeded else {
                lastNews = now
                // What a request found wrong only a request can find mended.
                return .none
            }
            let answers = [searches.lastAnswer, binds.lastAnswer].compactMap { $0 }
            if let last = answers.max(), begun < last { return .none }
            searches.failures += 1
            binds.failures += 1
            return failed(by: nil, now: now)
        }
        lastNews = now
        guard succeeded else {
            searches.failures += 1
            binds.failures += 1
            return .none
        }
        phase = .trial(of: kind, taken: nil)
        // What failed from then on, requests and other probes, went out to a host that was gone.
        searches = Record(lastAnswer: now)
        binds = Record(lastAnswer: now)
        return .closed
    }
}
