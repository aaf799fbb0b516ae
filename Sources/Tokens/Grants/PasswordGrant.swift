internal import Authentication

/// `grant_type=password` (RFC 6749 §4.3) at /api/v1/auth/token, with a password or a proof in its place.
struct PasswordGrant: GrantHandler {
    /// Who logged in, and what the caller gets for his proof.
    struct Verified: Sendable {
        var identity: Identity
        var isSignOn = false
        var reply: [UInt8]?
    }

    let tools: GrantTools
    let request: TokenRequest

    let grant = Grant.password
    var username: String? { request.username }

    private var hasName: Bool { request.username?.isEmpty == false }
    private var hasPassword: Bool { request.password?.isEmpty == false }
    /// Windows sign-on without a name and a password (docs/http-api.md, “WindowsAuthentication”).
    private var isSignOn: Bool { request.windowsAuthentication && !hasName && !hasPassword }

    func requireFields() throws(Refusal) {
        if isSignOn {
            guard tools.authenticator.offersSignOn else { throw Refusal(.noWindowsSignOn) }
            return
        }
        if !hasName { throw Refusal(.missing("username")) }
        if !hasPassword { throw Refusal(.missing("password")) }
    }

    func verify(_ call: GrantCall) async throws(Refusal) -> Verified {
        if isSignOn { return try await signOn(call) }
        guard let username = request.username, let password = request.password else {
            throw Refusal(.missing("username"))
        }
        let identity = try await tools.authenticate(
            AuthenticationRequest(
                username: username,
                password: password,
                selection: request.windowsAuthentication ? .windows : .unnamed,
                sources: call.client.sources,
                address: call.context.address,
                client: call.client.id
            )
        )
        return Verified(identity: identity)
    }

    private func signOn(_ call: GrantCall) async throws(Refusal) -> Verified {
        guard let token = request.signOn else {
            var challenge = Refusal(.signOnRequired)
            challenge.isAudited = false
            throw challenge
        }
        let answer = await tools.authenticator.signOn(SignOnRequest(token: token, sources: call.client.sources))
        switch answer {
        case .authenticated(let identity, let reply):
            return Verified(identity: identity, isSignOn: true, reply: reply)
        case .refused(let refusal):
            throw Refusal(.signOnRequired, reason: refusal.reason, detail: refusal.detail)
        case .rejected(let principal, let rejection):
            var refusal = Refusal(rejection)
            refusal.username = principal.description
            throw refusal
        case .unavailable(let outage):
            throw Refusal(outage)
        }
    }

    func session(_ verified: Verified, _ call: GrantCall) async throws(Refusal) -> GrantOutcome {
        let now = tools.clock.now()
        let scopes = call.scopes ?? call.client.defaultScopes
        let moment = tools.issueMoment(now, client: call.client, subject: verified.identity.key.subject)
        let session = try await tools.open(
            .refreshable,
            verified.identity,
            scopes: scopes,
            call,
            now: now,
            issuedAt: moment
        )
        return GrantOutcome(
            session: session,
            scopes: session.scopes,
            now: now,
            issuedAt: moment,
            // Only to a client that may use it.
            isRefreshable: call.client.grants.contains(.refreshToken),
            isSignOn: verified.isSignOn,
            signOnReply: verified.reply
        )
    }
}
