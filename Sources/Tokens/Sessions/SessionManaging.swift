/// What HTTPAPI asks about sessions. `TokenService` is the real one.
public protocol SessionManaging: Sendable {
    /// POST /api/v1/auth/revoke (RFC 7009): ends the session of the token, whichever of the two it is. A token nobody
    /// here gave out is no error.
    ///
    /// - Throws: `invalid_client`, `invalid_request`, `unauthorized_client` for another client's token,
    ///   `unsupported_token_type` for a token without a session, `temporarily_unavailable`.
    func revoke(_ query: TokenQuery, context: RequestContext) async throws(TokenError)

    /// POST /api/v1/auth/logout: ends the session of the token.
    ///
    /// - Throws: `invalid_token`, `insufficient_scope` for a client's own token, `temporarily_unavailable`.
    func logout(_ bearer: String, context: RequestContext) async throws(TokenError)

    /// GET /api/v1/auth/sessions: the live sessions of the token's person, newest first, at most 1000.
    ///
    /// - Throws: as `logout`.
    func sessions(_ bearer: String) async throws(TokenError) -> [SessionSummary]

    /// DELETE /api/v1/auth/sessions/{number}: ends one of one's own.
    ///
    /// - Returns: false when there is no live session of that number, or it is somebody else's.
    /// - Throws: as `logout`.
    func endSession(_ number: Int32, bearer: String, context: RequestContext) async throws(TokenError) -> Bool
}
