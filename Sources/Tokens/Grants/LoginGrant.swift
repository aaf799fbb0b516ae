internal import Authentication
internal import FoundationEssentials

/// POST /token: a password for the login client, and a session that is never refreshed.
struct LoginGrant: GrantHandler {
    /// Who logged in, and what the caller's Bearer token says of the same person, if one counts.
    struct Verified: Sendable {
        var identity: Identity
        var bearer: AccessTokenClaims.Person?
    }

    let tools: GrantTools
    let request: LoginRequest

    let grant = Grant.password
    var username: String? { request.username }

    func requireFields() throws(Refusal) {
        if request.username?.isEmpty ?? true { throw Refusal(.missing("username")) }
        if request.password?.isEmpty ?? true { throw Refusal(.missing("password")) }
        guard request.inSession == 0 || request.inSession == 1 else {
            throw Refusal(.invalidValue(request.inSession, member: "IsInSessionAuth"))
        }
    }

    func verify(_ call: GrantCall) async throws(Refusal) -> Verified {
        guard let username = request.username, let password = request.password else {
            throw Refusal(.missing("username"))
        }
        let directory = try directory(call.client)
        // Before the password: a token that is not live costs no bind.
        let bearer = try bearer(call)
        let identity = try await tools.authenticate(
            AuthenticationRequest(
                username: username,
                password: password,
                selection: .directory(directory),
                sources: call.client.sources,
                address: call.context.address,
                client: call.client.id
            )
        )
        if let bearer, bearer.subject != identity.key.subject {
            var refusal = Refusal(.sessionOfOtherUser, reason: "other-user")
            refusal.identity = identity
            throw refusal
        }
        return Verified(identity: identity, bearer: bearer?.person)
    }

    func session(_ verified: Verified, _ call: GrantCall) async throws(Refusal) -> GrantOutcome {
        let now = tools.clock.now()
        let moment = tools.issueMoment(now, client: call.client, subject: verified.identity.key.subject)
        let session = try await continued(verified, call, moment)
        if let session {
            // A scope taken from the client since the session was opened is gone.
            let scopes = session.scopes.filter(call.client.scopes.contains)
            return GrantOutcome(session: session, scopes: scopes, now: now, issuedAt: moment)
        }
        let scopes = call.client.defaultScopes.isEmpty ? call.client.scopes : call.client.defaultScopes
        let opened = try await tools.open(
            .login,
            verified.identity,
            scopes: scopes,
            call,
            now: now,
            issuedAt: moment
        )
        return GrantOutcome(session: opened, scopes: opened.scopes, now: now, issuedAt: moment)
    }

    /// A number, or `default_directory`, or the local accounts (docs/http-api.md, “Names and who is asked”).
    private func directory(_ client: Client) throws(Refusal) -> SourceID {
        let number = request.directory != 0 ? request.directory : tools.settings.defaultDirectory ?? 0
        guard number != 0 else { return .local }
        let directory = SourceID(number)
        guard number > 0, tools.authenticator.isKnown(directory, sources: client.sources) else {
            throw Refusal(.unknownDirectory)
        }
        return directory
    }

    /// The claims of the Bearer token, when it counts: only inside a session.
    private func bearer(_ call: GrantCall) throws(Refusal) -> AccessTokenClaims? {
        guard request.inSession == 1, let token = request.bearer else { return nil }
        let claims: AccessTokenClaims
        do {
            claims = try tools.verifier.verify(token)
        } catch {
            throw Refusal(.bearerRefused, detail: error.description)
        }
        guard claims.person != nil else { throw Refusal(.bearerRefused, detail: "no session") }
        guard claims.clientID == call.client.id else { throw Refusal(.sessionOfOtherClient, reason: "other-client") }
        return claims
    }

    /// The session that goes on: the Bearer's, else the person's newest one opened here; nil when one is to be opened.
    private func continued(
        _ verified: Verified,
        _ call: GrantCall,
        _ moment: Timestamp
    ) async throws(Refusal) -> Session? {
        guard request.inSession == 1 else { return nil }
        func reauthenticate(_ id: UUID) async throws(Refusal) -> Session? {
            var session = try await tools.ask { () throws(StoreError) in
                try await tools.sessions.reauthenticate(id, identity: verified.identity, now: moment)
            }
            // No part of the row, and the audit line's to tell.
            session?.identity.isOffline = verified.identity.isOffline
            return session
        }
        if let bearer = verified.bearer {
            guard let session = try await reauthenticate(bearer.session) else {
                var refusal = Refusal(.bearerRefused, detail: "session ended")
                refusal.identity = verified.identity
                refusal.userID = bearer.userID
                throw refusal
            }
            return session
        }
        let newest = try await tools.ask { () throws(StoreError) in
            try await tools.sessions.newestSession(
                of: verified.identity.key,
                client: call.client.id,
                kind: .login,
                now: moment
            )
        }
        guard let newest else { return nil }
        // Ended here, and the store did not take it.
        guard !tools.revocations.isEnded(newest.id) else {
            try await tools.end(newest, now: moment)
            return nil
        }
        return try await reauthenticate(newest.id)
    }
}
