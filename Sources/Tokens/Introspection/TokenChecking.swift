/// What HTTPAPI asks about tokens that were given out. `TokenService` is the real one.
public protocol TokenChecking: Sendable {
    /// POST /api/v1/auth/introspect (RFC 7662).
    ///
    /// - Throws: `invalid_client`, `invalid_request`, `temporarily_unavailable`.
    func introspect(_ query: TokenQuery, context: RequestContext) async throws(TokenError) -> Introspection

    /// GET /api/v1/auth/userinfo: reads the session's row, so that names and groups are whole.
    ///
    /// - Throws: `invalid_token`, `insufficient_scope` for a client's own token, `temporarily_unavailable`.
    func userInfo(_ bearer: String) async throws(TokenError) -> UserInfo

    /// GET /api/v1/auth/verify.
    ///
    /// - Throws: `unauthorized`, `invalid_token`, `access_denied` outside the groups asked for, `temporarily_unavailable`.
    func verify(_ request: ForwardAuthRequest, context: RequestContext) async throws(TokenError) -> ForwardAuthAnswer
}
