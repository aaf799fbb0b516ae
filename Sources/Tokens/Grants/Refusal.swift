internal import Authentication

/// A refusal inside a grant: what the caller hears, and what only the audit log hears.
///
/// Its parts lie outside of it. They are large, and every function that may throw one would keep room for several of them, which
/// for asynchronous ones is memory to be asked for at each call, refused or not.
@dynamicMemberLookup
struct Refusal: Error {
    /// What there is to tell.
    struct Parts: Sendable {
        /// Public.
        var answer: TokenError
        /// One word for the audit line.
        var reason: String
        /// For the operator.
        var detail: String?
        /// Who said so, or did not answer.
        var sources: [SourceID] = []
        /// The host that answered.
        var host: String?
        /// The person, when a session or a source told who it is.
        var identity: Identity?
        /// The session concerned.
        var session: Session?
        /// How long to wait, when nobody was asked because of failures before.
        var wait: ThrottleWait?
        /// The name that was proved, for a person who typed none.
        var username: String?
        /// False for the first half of a handshake, which refuses nobody.
        var isAudited = true
        /// True when the session concerned is to end with it.
        var endsSession = false
        /// The person's number, when it is known without a session at hand.
        var userID: Int32?
    }

    private indirect enum Outside: Sendable {
        case parts(Parts)
    }

    private var outside: Outside

    private var parts: Parts {
        get {
            switch outside {
            case .parts(let parts): parts
            }
        }
        set { outside = .parts(newValue) }
    }

    subscript<Value>(dynamicMember part: WritableKeyPath<Parts, Value>) -> Value {
        get { parts[keyPath: part] }
        set { parts[keyPath: part] = newValue }
    }

    init(_ answer: TokenError, reason: String? = nil, detail: String? = nil) {
        outside = .parts(Parts(answer: answer, reason: reason ?? answer.code.rawValue, detail: detail))
    }

    init(_ rejection: Rejection) {
        self.init(
            .refused(rejection),
            reason: rejection.wait?.subject.rawValue ?? rejection.reason.rawValue,
            detail: rejection.detail.isEmpty ? nil : rejection.detail
        )
        parts.sources = rejection.source.map { [$0] } ?? []
        parts.host = rejection.host
        parts.wait = rejection.wait
    }

    init(_ wait: ThrottleWait) {
        self.init(Rejection(wait))
    }

    init(_ outage: Outage) {
        if outage.isOverload {
            self.init(.overloaded(retryAfter: outage.retryAfter), reason: "overloaded", detail: outage.detail)
        } else {
            self.init(.unavailable(retryAfter: outage.retryAfter), reason: "unavailable", detail: outage.detail)
        }
        parts.sources = outage.sources
    }

    init(_ error: StoreError) {
        self.init(.unavailable(retryAfter: 5), reason: "store", detail: error.detail)
    }

    /// The same refusal, concerning that session.
    func of(_ session: Session) -> Refusal {
        var refusal = self
        refusal.parts.session = session
        refusal.parts.identity = session.identity
        return refusal
    }
}
