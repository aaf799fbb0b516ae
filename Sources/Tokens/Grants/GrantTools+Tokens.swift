internal import Authentication
internal import FoundationEssentials

/// What the endpoints beside the grants need of the same parts.
extension GrantTools {
    /// The claims of a live access token.
    func liveClaims(_ token: String) throws(TokenError) -> AccessTokenClaims {
        do {
            return try verifier.verify(token)
        } catch {
            throw .bearerRefused
        }
    }

    /// The claims of a token whose session is to be ended: of a live one, or of one whose end the store did not take. Whoever
    /// was told 503 says it again.
    func claimsToEnd(_ token: String) throws(TokenError) -> AccessTokenClaims {
        do {
            return try verifier.current(token)
        } catch {
            throw .bearerRefused
        }
    }

    /// A refresh token of this store; nil for any other text.
    func refreshToken(_ text: String) async throws(TokenError) -> RefreshToken? {
        do {
            return try await keys.findRefreshToken(text)
        } catch {
            throw .unavailable(retryAfter: 5)
        }
    }

    /// The person in the claims; a client's own token has none.
    func person(_ claims: AccessTokenClaims) throws(TokenError) -> AccessTokenClaims.Person {
        guard let person = claims.person else { throw .noPerson }
        return person
    }

    /// The row behind a live token. One that another node ended a moment ago, or that is gone, makes the token a dead one.
    func row(of id: UUID) async throws(TokenError) -> Session {
        let session = try await read { () throws(StoreError) in try await sessions.session(id) }
        guard let session, session.endedAt == nil, clock.now() < session.hardEnd else { throw .bearerRefused }
        return session
    }

    /// True for what is live by its row, and was not ended or revoked since as far as this node has heard.
    func isLive(_ session: Session) -> Bool {
        session.isLive(at: clock.now()) && !revocations.isEnded(session.id) && !revocations.isRevoked(session)
    }

    /// Asks the store where there is no grant to refuse.
    func read<Value>(_ question: () async throws(StoreError) -> Value) async throws(TokenError) -> Value {
        do {
            return try await ask(question)
        } catch {
            throw error.answer
        }
    }

    /// As the configuration calls it, or its number when it was taken out of the configuration.
    func sourceName(_ source: SourceID) -> String {
        Self.name(of: source, in: sourceNames)
    }

    /// The same for several; nil for none.
    static func names(of sources: [SourceID], in names: [SourceID: String]) -> String? {
        guard !sources.isEmpty else { return nil }
        return sources.map { name(of: $0, in: names) }.joined(separator: ",")
    }

    private static func name(of source: SourceID, in names: [SourceID: String]) -> String {
        source == .local ? "local" : names[source] ?? source.description
    }
}
