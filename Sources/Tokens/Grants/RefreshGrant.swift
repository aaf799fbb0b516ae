internal import Authentication

/// `grant_type=refresh_token` (RFC 6749 §6): checks the token, looks at the person again, and rotates.
struct RefreshGrant: GrantHandler {
    /// What was found out about a presented token.
    struct Verified {
        enum Use {
            /// It is the session's present one; `identity` is the person as re-checked, nil when nobody could say.
            case present(RefreshToken, identity: Identity?)
            /// It is the one before, within the grace: its successor is answered again.
            case repeated
        }

        var session: Session
        var use: Use
    }

    let tools: GrantTools
    let request: TokenRequest

    let grant = Grant.refreshToken
    var username: String? { nil }

    func requireFields() throws(Refusal) {
        if request.refreshToken?.isEmpty ?? true { throw Refusal(.noRefreshToken) }
    }

    func verify(_ call: GrantCall) async throws(Refusal) -> Verified {
        guard let token = try await find(request.refreshToken ?? "") else {
            throw Refusal(.invalidRefreshToken, reason: "malformed")
        }
        guard let session = try await read(token) else { throw Refusal(.sessionNotActive, reason: "unknown-session") }
        let now = tools.clock.now()
        try await ending(session, now) { () throws(Refusal) in
            _ = try tools.requireRefreshable(session, call.client, now: now)
        }
        _ = try granted(session, call)
        guard token.generation == session.generation else {
            let session = try await settleReuse(token, session, now)
            return Verified(session: session, use: .repeated)
        }
        let identity = try await recheck(session, now)
        return Verified(session: session, use: .present(token, identity: identity))
    }

    func session(_ verified: Verified, _ call: GrantCall) async throws(Refusal) -> GrantOutcome {
        let now = tools.clock.now()
        // Once more: the person may have been revoked while the source was asked, and what is made now would outlive that.
        let notBefore = try await ending(verified.session, now) { () throws(Refusal) in
            try tools.requireRefreshable(verified.session, call.client, now: now)
        }
        let moment = max(now, Timestamp(seconds: notBefore))
        var session = verified.session
        if case .present(let token, let identity) = verified.use {
            session = try await rotate(session, token, identity, call, now, issuedAt: moment)
        }
        return GrantOutcome(
            session: session,
            scopes: try granted(session, call),
            now: now,
            issuedAt: moment,
            isRefreshable: true
        )
    }

    /// The present scopes of this answer: a refresh may narrow them, never widen (RFC 6749 §6), and a scope taken from
    /// the client is gone.
    private func granted(_ session: Session, _ call: GrantCall) throws(Refusal) -> [String] {
        guard let asked = call.scopes else { return session.scopes.filter(call.client.scopes.contains) }
        let refused = asked.filter { !session.scopes.contains($0) }
        guard refused.isEmpty else { throw Refusal(.invalidScopes(refused)).of(session) }
        return asked
    }

    private func find(_ text: String) async throws(Refusal) -> RefreshToken? {
        do {
            return try await tools.keys.findRefreshToken(text)
        } catch {
            throw Refusal(.unavailable(retryAfter: 5), reason: "keys", detail: error.description)
        }
    }

    private func read(_ token: RefreshToken) async throws(Refusal) -> Session? {
        try await tools.ask { () throws(StoreError) in try await tools.sessions.session(token.session) }
    }

    /// Ends the session when the refusal says so.
    private func ending<Value>(
        _ session: Session,
        _ now: Timestamp,
        _ check: () throws(Refusal) -> Value
    ) async throws(Refusal) -> Value {
        do {
            return try check()
        } catch {
            if error.endsSession { try await tools.end(session, now: now) }
            throw error
        }
    }

    /// The person as the source knows him now; nil when nobody could say, and the idle end is not renewed then.
    private func recheck(_ session: Session, _ now: Timestamp) async throws(Refusal) -> Identity? {
        let person = session.identity
        let answer = await tools.authenticator.recheck(
            person.key,
            username: person.username,
            locator: person.locator,
            credentialState: person.credentialState
        )
        switch answer {
        case .current(let identity) where identity.key == person.key:
            return identity
        case .current:
            try await tools.end(session, now: now)
            throw Refusal(.userDisabled, reason: "other-person").of(session)
        case .ended(let rejection):
            try await tools.end(session, now: now)
            var refusal = Refusal(.userDisabled, reason: rejection.reason.rawValue, detail: rejection.detail)
            refusal.host = rejection.host
            throw refusal.of(session)
        case .passwordChanged:
            try await tools.end(session, now: now)
            throw Refusal(.sessionNotActive, reason: "password-changed").of(session)
        case .unavailable, .impossible:
            return nil
        }
    }

    private func rotate(
        _ session: Session,
        _ token: RefreshToken,
        _ identity: Identity?,
        _ call: GrantCall,
        _ now: Timestamp,
        issuedAt: Timestamp
    ) async throws(Refusal) -> Session {
        let idle = tools.lifetimes(call.client, session.kind).idle
        // The host that answered is for the audit line and no reason to write the row's person anew.
        var known = session.identity
        known.host = identity?.host
        let rotation = Rotation(
            session: session.id,
            generation: token.generation,
            now: issuedAt,
            idleEnd: identity == nil ? nil : min(now + idle, session.hardEnd),
            // Unchanged is the rule, and then the row keeps what it has.
            identity: identity == known ? nil : identity
        )
        let rotated = try await tools.ask { () throws(StoreError) in try await tools.sessions.rotate(rotation) }
        if let rotated { return rotated }
        // Another request was first, or the session ended meanwhile.
        guard let fresh = try await read(token) else {
            throw Refusal(.sessionNotActive, reason: "unknown-session").of(session)
        }
        try await ending(fresh, now) { () throws(Refusal) in try tools.requireLive(fresh, now: now) }
        return try await settleReuse(token, fresh, now)
    }

    /// A token that is not the session's present one: the one before may come again for a while, because its answer may
    /// have been lost; anything older is a copy in other hands, and ends the session (RFC 9700 §4.14.2).
    private func settleReuse(
        _ token: RefreshToken,
        _ session: Session,
        _ now: Timestamp
    ) async throws(Refusal) -> Session {
        // A row behind its tokens comes from a restored backup; who holds the token must log in again.
        guard token.generation < session.generation else {
            throw Refusal(.sessionNotActive, reason: "restored-backup").of(session)
        }
        let isPrevious = token.generation == session.generation - 1
        // A clock that was set back must not stretch the grace.
        let isNow = session.rotatedAt <= now + Session.clockLeeway
        if isPrevious, isNow, now < session.rotatedAt + tools.settings.refreshReuseGrace { return session }
        try await tools.end(session, now: now)
        throw Refusal(.refreshTokenReused, reason: "reused").of(session)
    }
}
