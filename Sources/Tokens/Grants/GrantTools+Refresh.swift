internal import Authentication

/// What a session must be for its refresh tokens to be good: asked by the refresh, and by who wants to know whether one would
/// succeed.
extension GrantTools {
    /// Refuses a session that gives that client no further token. Nothing is written; what is to be is told by the refusal.
    ///
    /// - Returns: the not-before it was checked against.
    func requireRefreshable(_ session: Session, _ client: Client, now: Timestamp) throws(Refusal) -> Int64 {
        guard session.client == client.id else {
            throw Refusal(.refreshTokenOfOtherClient, reason: "other-client").of(session)
        }
        try requireLive(session, now: now)
        let notBefore = revocations.notBefore(client: client.id, subject: session.identity.key.subject)
        guard refreshedAt(session, now: now).seconds >= notBefore else {
            throw Refusal(.staleToken, reason: "not-before").of(session)
        }
        // The person's source must still be one of those the client is restricted to.
        guard client.sources.isEmpty || client.sources.contains(session.identity.key.source) else {
            var refusal = Refusal(.sessionNotActive, reason: "source-not-allowed").of(session)
            refusal.endsSession = true
            throw refusal
        }
        return notBefore
    }

    /// Refuses a session past one of its ends.
    func requireLive(_ session: Session, now: Timestamp) throws(Refusal) {
        guard session.endedAt == nil else { throw Refusal(.sessionNotActive, reason: "ended").of(session) }
        // It was ended here, and the store did not take it: it does not come to life again by that.
        guard !revocations.isEnded(session.id) else {
            var refusal = Refusal(.sessionNotActive, reason: "ended").of(session)
            refusal.endsSession = true
            throw refusal
        }
        guard session.isLive(at: now) else {
            throw Refusal(.tokenNotActive, reason: now < session.hardEnd ? "idle" : "expired").of(session)
        }
    }

    /// When the present refresh token was issued. A moment in the future comes from a clock that was wrong for a while, and
    /// must not outlast a not-before that was set since.
    private func refreshedAt(_ session: Session, now: Timestamp) -> Timestamp {
        session.rotatedAt <= now + Session.clockLeeway ? session.rotatedAt : session.createdAt
    }
}
