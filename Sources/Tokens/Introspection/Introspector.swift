internal import Authentication

/// Tells confidential clients whether a token is live (RFC 7662).
struct Introspector: Sendable {
    let tools: GrantTools
    let gate: ClientGate

    /// The answer to a question; access tokens are answered from memory.
    func answer(_ query: TokenQuery, _ context: RequestContext) async throws(TokenError) -> Introspection {
        let client = try await gate.client(query.client, context)
        // Whoever may ask without proving anything may try out tokens he found (RFC 7662 §2.1, §4).
        guard client.secret != nil else { throw .invalidClient }
        guard let token = query.token, !token.isEmpty else { throw .missing("token") }
        if let refresh = try await tools.refreshToken(token) { return try await answer(refresh, client) }
        guard let claims = try? tools.verifier.verify(token) else { return .inactive }
        return Introspection(claims)
    }

    /// Live is the one that a refresh would take now. Only its own client has a use for it, and only that one is told.
    private func answer(_ token: RefreshToken, _ client: Client) async throws(TokenError) -> Introspection {
        let session = try await tools.read { () throws(StoreError) in try await tools.sessions.session(token.session) }
        guard let session, session.isLive(at: tools.clock.now()), session.client == client.id,
            session.generation == token.generation
        else { return .inactive }
        let notBefore = tools.revocations.notBefore(client: client.id, subject: session.identity.key.subject)
        guard session.rotatedAt.seconds >= notBefore, !tools.revocations.isEnded(session.id) else { return .inactive }
        return Introspection(session, issuer: tools.settings.issuer)
    }
}
