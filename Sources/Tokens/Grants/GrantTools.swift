internal import Authentication
internal import FoundationEssentials

/// What the grants work with: an immutable configuration, and the live parts it is applied to.
struct GrantTools: Sendable {
    let settings: TokenSettings
    let registry: ClientRegistry
    let clients: ClientAuthenticator
    let sessions: any SessionStore
    let keys: KeyRing
    let revocations: Revocations
    let verifier: AccessTokenVerifier
    let authenticator: any Authenticating
    /// Stands in front of secrets; the one in front of passwords is the authenticator's own.
    let throttle: Throttle?
    /// Ends of sessions that the store did not take.
    let lateEnds: LateEnds
    /// For the audit line of a refusal, which knows a source by its number only.
    let sourceNames: [SourceID: String]
    let clock: any WallClock

    /// How long sessions and tokens of that client and kind live.
    func lifetimes(_ client: Client, _ kind: Session.Kind) -> Lifetimes {
        Lifetimes(settings: settings, client: client, kind: kind)
    }

    /// The moment from which tokens issued now count: now, or the end of the second of a revocation, so that they
    /// are not revoked by it.
    ///
    /// To be asked for once a grant: a revocation heard of between two looks would hold for the row and not for the token,
    /// or the other way round.
    func issueMoment(_ now: Timestamp, client: Client, subject: String) -> Timestamp {
        max(now, Timestamp(seconds: revocations.notBefore(client: client.id, subject: subject)))
    }

    /// The client that these credentials were found to prove a while ago; nil when that has to be found out. An address that has
    /// to wait is refused first, as below.
    func rememberedClient(_ credentials: ClientCredentials, _ context: RequestContext) throws(Refusal) -> Client? {
        if !credentials.secrets.isEmpty { try requireNoWait(context) }
        return clients.remembered(credentials)
    }

    /// Which client it is. A wrong secret counts for the address, and an address that has to wait may not try one: an answer
    /// to a right one would tell it from the wrong ones.
    func authenticateClient(
        _ credentials: ClientCredentials,
        _ context: RequestContext
    ) async throws(Refusal) -> Client {
        if let client = try rememberedClient(credentials, context) { return client }
        do {
            return try await clients.authenticate(credentials)
        } catch {
            let isGuess = !credentials.secrets.isEmpty || credentials.id != nil && error == .invalidClient
            if error.code == .invalidClient, isGuess { await throttle?.countFailure(ofAddress: context.address) }
            throw Refusal(error)
        }
    }

    /// Refuses an address that has to wait.
    func requireNoWait(_ context: RequestContext) throws(Refusal) {
        if let wait = throttle?.wait(ofAddress: context.address) { throw Refusal(wait) }
    }

    /// Asks who it is.
    func authenticate(_ request: AuthenticationRequest) async throws(Refusal) -> Identity {
        switch await authenticator.authenticate(request) {
        case .authenticated(let identity): return identity
        case .rejected(let rejection): throw Refusal(rejection)
        case .unavailable(let outage): throw Refusal(outage)
        }
    }

    /// Asks the store; its failure is an outage.
    func ask<Value>(_ question: () async throws(StoreError) -> Value) async throws(Refusal) -> Value {
        do {
            return try await question()
        } catch {
            throw Refusal(error)
        }
    }

    /// Opens a session of `kind` for a person who was let in.
    func open(
        _ kind: Session.Kind,
        _ identity: Identity,
        scopes: [String],
        _ call: GrantCall,
        now: Timestamp,
        issuedAt: Timestamp
    ) async throws(Refusal) -> Session {
        let lifetimes = lifetimes(call.client, kind)
        let hardEnd = now + lifetimes.session
        let session = Session(
            id: .fresh(at: now),
            kind: kind,
            identity: identity,
            client: call.client.id,
            scopes: scopes,
            createdAt: issuedAt,
            idleEnd: min(now + lifetimes.idle, hardEnd),
            hardEnd: hardEnd,
            address: call.context.address,
            userAgent: String(call.context.userAgent.unicodeScalars.prefix(200))
        )
        do {
            return try await sessions.open(session)
        } catch {
            throw Self.refusal(error, identity)
        }
    }

    /// A conflict is a number of `attributes.user_id` that somebody else owns.
    static func refusal(_ error: StoreError, _ identity: Identity) -> Refusal {
        var refusal =
            error.code == .conflict
            ? Refusal(Rejection(.userIDTaken, source: identity.key.source, key: identity.key, detail: error.detail))
            : Refusal(error)
        refusal.identity = identity
        return refusal
    }

    /// Ends a session here at once, and in the store for the other nodes; what the store does not take is tried again later,
    /// whatever the caller does.
    func end(_ session: Session, now: Timestamp) async throws(Refusal) {
        revocations.end(session.id, until: session.hardEnd)
        revocations.proved.forget(session.identity.key)
        do {
            _ = try await sessions.end(.session(session.id), now: now)
        } catch {
            lateEnds.add(session, failure: error)
            throw Refusal(error)
        }
    }
}
