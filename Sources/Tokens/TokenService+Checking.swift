extension TokenService: TokenChecking {
    /// POST /api/v1/auth/introspect.
    public func introspect(_ query: TokenQuery, context: RequestContext) async throws(TokenError) -> Introspection {
        // A function that may wait asks for memory for that, whether it does or not.
        if let answer = try introspector.answerAtOnce(query, context) { return answer }
        return try await introspector.answer(query, context)
    }

    /// GET /api/v1/auth/userinfo.
    public func userInfo(_ bearer: String) async throws(TokenError) -> UserInfo {
        let person = try tools.person(try tools.liveClaims(bearer))
        return UserInfo(try await tools.row(of: person.session))
    }

    /// GET /api/v1/auth/verify.
    public func verify(
        _ request: ForwardAuthRequest,
        context: RequestContext
    ) async throws(TokenError) -> ForwardAuthAnswer {
        try await forwardAuthentication.answer(request, context)
    }
}
