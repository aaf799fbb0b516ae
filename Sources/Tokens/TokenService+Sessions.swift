extension TokenService: SessionManaging {
    /// POST /api/v1/auth/revoke.
    public func revoke(_ query: TokenQuery, context: RequestContext) async throws(TokenError) {
        try await desk.revoke(query, context)
    }

    /// POST /api/v1/auth/logout.
    public func logout(_ bearer: String, context: RequestContext) async throws(TokenError) {
        try await desk.logout(bearer, context)
    }

    /// GET /api/v1/auth/sessions.
    public func sessions(_ bearer: String) async throws(TokenError) -> [SessionSummary] {
        try await desk.list(bearer)
    }

    /// DELETE /api/v1/auth/sessions/{number}.
    public func endSession(
        _ number: Int32,
        bearer: String,
        context: RequestContext
    ) async throws(TokenError) -> Bool {
        try await desk.end(number, bearer, context)
    }
}
