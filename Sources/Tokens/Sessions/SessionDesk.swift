internal import Authentication
internal import FoundationEssentials

/// Ends sessions, and lists them to whom they belong: each ending is written, known here at once, and one audit line.
struct SessionDesk: Sendable {
    let tools: GrantTools
    let people: any PeopleStore
    let gate: ClientGate
    let audit: any AuditSink

    /// More than anybody has who does not open them by a script.
    private static let longestList = 1000

    /// RFC 7009.
    func revoke(_ query: TokenQuery, _ context: RequestContext) async throws(TokenError) {
        let start = ContinuousClock.now
        let client = try await gate.client(query.client, context)
        guard let token = query.token, !token.isEmpty else { throw .missing("token") }
        let found: Session?
        if let refresh = try await tools.refreshToken(token) {
            found = try await session(refresh.session)
        } else if let claims = try? tools.verifier.authenticate(token) {
            guard claims.clientID == client.id else { throw .tokenOfOtherClient }
            // Nothing is kept of it that could be ended, and saying 200 would be untrue (RFC 7009 §2.2.1).
            guard let person = claims.person else { throw .tokenWithoutSession }
            found = try await session(person.session)
        } else {
            found = nil
        }
        guard let found else { return }
        guard found.client == client.id else { throw .tokenOfOtherClient }
        guard found.endedAt == nil, tools.clock.now() < found.hardEnd else { return }
        var event = AuditEvent(.revoke)
        event.client = client.id
        try await end(found, event, context, start)
    }

    /// Ends the session of an access token.
    func logout(_ bearer: String, _ context: RequestContext) async throws(TokenError) {
        let start = ContinuousClock.now
        let claims = try tools.claimsToEnd(bearer)
        let session = try await tools.row(of: try tools.person(claims).session)
        var event = AuditEvent(.logout)
        event.client = claims.clientID
        try await end(session, event, context, start)
    }

    /// One's own live sessions, newest first.
    func list(_ bearer: String) async throws(TokenError) -> [SessionSummary] {
        let (person, key) = try owner(tools.liveClaims(bearer))
        let now = tools.clock.now()
        let sessions = try await tools.read { () throws(StoreError) in
            try await people.sessions(of: key, now: now, limit: Self.longestList)
        }
        return sessions.filter(tools.isLive)
            .map { SessionSummary($0, isCurrent: $0.id == person.session) }
    }

    /// Ends one of one's own; false when there is none of that number.
    func end(_ number: Int32, _ bearer: String, _ context: RequestContext) async throws(TokenError) -> Bool {
        let start = ContinuousClock.now
        let (person, key) = try owner(tools.claimsToEnd(bearer))
        let session = try await tools.read { () throws(StoreError) in try await people.session(number: number) }
        // By its row: an end that the store did not take is written now.
        let found = session.flatMap { session in
            let isLive = session.isLive(at: tools.clock.now()) && !tools.revocations.isRevoked(session)
            return isLive && session.identity.key == key ? session : nil
        }
        // The token of an ended session may say only once more that it is to end.
        if tools.revocations.isEnded(person.session), found?.id != person.session { throw .bearerRefused }
        guard let session = found else { return false }
        var event = AuditEvent(.logout)
        event.client = session.client
        try await end(session, event, context, start)
        return true
    }

    private func owner(_ claims: AccessTokenClaims) throws(TokenError) -> (AccessTokenClaims.Person, IdentityKey) {
        let person = try tools.person(claims)
        guard let key = IdentityKey(subject: claims.subject) else { throw .bearerRefused }
        return (person, key)
    }

    private func session(_ id: UUID) async throws(TokenError) -> Session? {
        try await tools.read { () throws(StoreError) in try await tools.sessions.session(id) }
    }

    private func end(
        _ session: Session,
        _ event: AuditEvent,
        _ context: RequestContext,
        _ start: ContinuousClock.Instant
    ) async throws(TokenError) {
        do {
            try await tools.end(session, now: tools.clock.now())
        } catch {
            throw error.answer
        }
        var event = event
        event.user = session.identity.username
        event.userID = session.userID
        event.source = session.identity.sourceName
        event.session = session.id.text
        event.address = context.address
        event.requestID = context.requestID
        event.duration = .now - start
        audit.record(event)
    }
}
