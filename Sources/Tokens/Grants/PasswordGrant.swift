internal import Authentication

/// `grant_type=password` (RFC 6749 §4.3) at /api/v1/auth/token.
struct PasswordGrant: GrantHandler {
    let tools: GrantTools
    let request: TokenRequest

    let grant = Grant.password
    var username: String? { request.username }

    func requireFields() throws(Refusal) {
        let hasName = request.username?.isEmpty == false
        let hasPassword = request.password?.isEmpty == false
        if request.windowsAuthentication, !hasName, !hasPassword { throw Refusal(.noWindowsSignOn) }
        if !hasName { throw Refusal(.missing("username")) }
        if !hasPassword { throw Refusal(.missing("password")) }
    }

    func verify(_ call: GrantCall) async throws(Refusal) -> Identity {
        guard let username = request.username, let password = request.password else {
            throw Refusal(.missing("username"))
        }
        return try await tools.authenticate(
            AuthenticationRequest(
                username: username,
                password: password,
                selection: request.windowsAuthentication ? .windows : .unnamed,
                sources: call.client.sources,
                address: call.context.address,
                client: call.client.id
            )
        )
    }

    func session(_ identity: Identity, _ call: GrantCall) async throws(Refusal) -> GrantOutcome {
        let now = tools.clock.now()
        let scopes = call.scopes ?? call.client.defaultScopes
        let session = try await tools.open(.refreshable, identity, scopes: scopes, call, now: now)
        return GrantOutcome(
            session: session,
            scopes: session.scopes,
            now: now,
            // Only to a client that may use it.
            isRefreshable: call.client.grants.contains(.refreshToken)
        )
    }
}
