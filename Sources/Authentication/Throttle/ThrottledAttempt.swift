internal import Synchronization

/// One login on its way through the throttle: in at the front, past the person's door, out with the result.
final class ThrottledAttempt: LoginGate {
    private let throttle: Throttle
    private let login: ThrottledLogin
    private let deadline: ContinuousClock.Instant
    private let ticket = Mutex<ThrottleTicket?>(nil)
    private let begun = ContinuousClock.now

    init(throttle: Throttle, login: ThrottledLogin, deadline: ContinuousClock.Instant) {
        self.throttle = throttle
        self.login = login
        self.deadline = deadline
    }

    /// The answer to give without asking anybody; nil when the sources may be asked.
    ///
    /// Waits while as many attempts on the account are under way as may still fail: they may all be wrong.
    func enter() async -> AuthenticationResult? {
        var waited: ThrottleState.Place?
        // Whoever was woken for a place lets the next one look: a password that proved right a moment ago needs none.
        defer { if let waited { throttle.passOn(waited.key) } }
        await throttle.knowOlder(login, nil, since: begun, deadline: deadline)
        while true {
            let entry = throttle.withState { $0.enter(login, now: throttle.clock.now()) }
            switch entry {
            case .go(let ticket):
                self.ticket.withLock { $0 = ticket }
                return nil
            case .waits(let wait): return Self.refusal(wait)
            case .remembered(let rejection, let ticket):
                self.ticket.withLock { $0 = ticket }
                return .rejected(Self.repeated(rejection))
            case .full(let place, let retry):
                if let before = waited, before != place { throttle.passOn(before.key) }
                waited = place
                guard await turn(place, retry) else { return Self.crowded }
            }
        }
    }

    func answer(insteadOf person: IdentityKey) async -> AuthenticationResult? {
        var waited: ThrottleState.Place?
        defer { if let waited { throttle.passOn(waited.key) } }
        await throttle.knowOlder(login, person, since: begun, deadline: deadline)
        while true {
            let entry = ticket.withLock { ticket -> ThrottleState.PersonEntry? in
                guard var held = ticket else { return nil }
                let entry = throttle.withState { $0.enter(person, login, &held, now: throttle.clock.now()) }
                ticket = held
                return entry
            }
            switch entry {
            case .go, nil: return nil
            case .waits(let wait): return Self.refusal(wait)
            case .remembered(let rejection): return .rejected(Self.repeated(rejection))
            case .full(let place):
                if let before = waited, before != place { throttle.passOn(before.key) }
                waited = place
                guard await turn(place, nil) else { return Self.crowded }
            }
        }
    }

    /// Counts what came of it.
    ///
    /// - Parameter rejections: what single sources said, whatever it all came to.
    func settle(_ result: AuthenticationResult, _ rejections: [Rejection]) async {
        guard var ticket = ticket.withLock({ $0.take() }) else { return }
        let now = throttle.clock.now()
        let change: ThrottleChange
        switch result {
        case .authenticated(let identity):
            let (cleared, known) = throttle.withState { $0.succeed(login, ticket, identity.key, now: now) }
            change = cleared
            if let known { throttle.note(known) }
        case .rejected(let rejection) where rejection.wait != nil || rejection.passwordProved:
            // Nothing was verified, or the password was right.
            change = ThrottleChange(now)
        case .rejected(let rejection):
            change = throttle.withState { $0.fail(login, ticket, rejection, now: now) }
        case .unavailable:
            change = throttle.withState { $0.fail(login, ticket, duringOutage: rejections, now: now) }
        }
        // Only now: those who wait must find the failure counted.
        throttle.release(&ticket)
        await throttle.keep(change)
    }

    /// False at the deadline.
    private func turn(_ place: ThrottleState.Place, _ retry: Timestamp?) async -> Bool {
        var limit = deadline
        if let retry {
            let pause = Duration.milliseconds(max(1, retry.milliseconds - throttle.clock.now().milliseconds))
            limit = min(deadline, .now + pause)
        }
        _ = await throttle.watch.value(until: limit) { [throttle] in await throttle.turn(place) }
        return ContinuousClock.now < deadline && !Task.isCancelled
    }

    private static func refusal(_ wait: ThrottleWait) -> AuthenticationResult {
        .rejected(Rejection(wait))
    }

    private static func repeated(_ rejection: Rejection) -> Rejection {
        var rejection = rejection
        rejection.detail = "the same password was refused a moment ago"
        rejection.host = nil
        return rejection
    }

    private static let crowded = AuthenticationResult.unavailable(
        Outage(
            sources: [],
            detail: "other logins of the same account or address have had no answer yet",
            retryAfter: 1,
            isOverload: true
        )
    )
}
