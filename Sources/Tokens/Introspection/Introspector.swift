internal import Authentication

/// Tells confidential clients whether a token is live (RFC 7662).
struct Introspector: Sendable {
    let tools: GrantTools
    let gate: ClientGate

    /// The answer to a question; access tokens are answered from memory.
    func answer(_ query: TokenQuery, _ context: RequestContext) async throws(TokenError) -> Introspection {
        let client = try await gate.client(query.client, context)
        let token = try token(of: query, by: client)
        if let refresh = try await tools.refreshToken(token) { return try await answer(refresh, client) }
        return access(token)
    }

    /// The same answer to what nearly all ask, for which nothing is waited: the client was proved before, and the token is no
    /// refresh token. Nil for every other question.
    func answerAtOnce(_ query: TokenQuery, _ context: RequestContext) throws(TokenError) -> Introspection? {
        guard let client = try gate.remembered(query.client, context) else { return nil }
        let token = try token(of: query, by: client)
        return RefreshToken.mayBe(token) ? nil : access(token)
    }

    /// What is asked about, if that client may ask.
    private func token(of query: TokenQuery, by client: Client) throws(TokenError) -> String {
        // Whoever may ask without proving anything may try out tokens he found (RFC 7662 §2.1, §4).
        guard client.secret != nil else { throw .invalidClient }
        guard let token = query.token, !token.isEmpty else { throw .missing("token") }
        return token
    }

    private func access(_ token: String) -> Introspection {
        guard let claims = try? tools.verifier.verify(token) else { return .inactive }
        return Introspection(claims)
    }

    /// Live is the one that a refresh by that client would take now, as far as can be said without asking the person's
    /// source. Only its own client has a use for it, and only that one is told.
    ///
    /// One that was used is not live, though a refresh repeats its answer for some seconds: that grace is for an answer that
    /// was lost, and is nothing to rely on.
    private func answer(_ token: RefreshToken, _ client: Client) async throws(TokenError) -> Introspection {
        let session = try await tools.read { () throws(StoreError) in try await tools.sessions.session(token.session) }
        guard let session, session.generation == token.generation, client.grants.contains(.refreshToken),
            (try? tools.requireRefreshable(session, client, now: tools.clock.now())) != nil
        else { return .inactive }
        return Introspection(session, issuer: tools.settings.issuer)
    }
}
