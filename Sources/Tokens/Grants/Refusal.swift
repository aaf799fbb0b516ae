internal import Authentication

/// A refusal inside a grant: what the caller hears, and what only the audit log hears.
struct Refusal: Error {
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
    /// The person's number, when it is known without a session at hand.
    var userID: Int32?

    init(_ answer: TokenError, reason: String? = nil, detail: String? = nil) {
        self.answer = answer
        self.reason = reason ?? answer.code.rawValue
        self.detail = detail
    }

    init(_ rejection: Rejection) {
        answer = .refused(rejection)
        reason = rejection.wait?.subject.rawValue ?? rejection.reason.rawValue
        detail = rejection.detail.isEmpty ? nil : rejection.detail
        sources = rejection.source.map { [$0] } ?? []
        host = rejection.host
        wait = rejection.wait
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
        sources = outage.sources
    }

    init(_ error: StoreError) {
        self.init(.unavailable(retryAfter: 5), reason: "store", detail: error.detail)
    }

    /// The same refusal, concerning that session.
    func of(_ session: Session) -> Refusal {
        var refusal = self
        refusal.session = session
        refusal.identity = session.identity
        return refusal
    }
}
