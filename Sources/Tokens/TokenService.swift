public import Authentication
public import Logging

/// Tokens: what a client may ask for, and what a token says.
///
/// This room owns grants, clients and their secrets, sessions as rules, access and refresh tokens, and the keys under
/// them. It does not know who a person is (`Authentication` does, and is asked through `Authenticating`), where rows
/// are kept (`Storage` implements `SessionStore`, `KeyStore`, `ChangeStore`), nor what bytes an answer becomes
/// (`HTTPAPI` does, and calls `TokenIssuing`). The program builds one `KeyRing`, `Revocations` and `ChangeFeed` for the
/// life of the process, and one `TokenService` for each configuration; a reload swaps the latter.
public final class TokenService: TokenIssuing {
    let tools: GrantTools
    let introspector: Introspector
    let forwardAuthentication: ForwardAuthentication
    let desk: SessionDesk
    private let runner: GrantRunner
    private let grants: [Grant]

    /// Checks access tokens by this configuration.
    public let verifier: AccessTokenVerifier

    /// A service for one configuration.
    ///
    /// - Parameters:
    ///   - clients: all `[[client]]`, the login client among them.
    ///   - keys: opened with the same store.
    ///   - revocations: fed by the process's `ChangeFeed`.
    ///   - throttle: counts wrong client secrets; the same as the authenticator's.
    ///   - hasher: verifies hashed client secrets.
    ///   - secrets: what was found right of them before; one for the life of the process.
    ///   - sourceNames: how the audit log calls the directories; the local accounts are always "local".
    ///   - phases: told how long the store and the signature took.
    ///   - logger: told of what the store did not take.
    ///   - retries: the pauses before the store is asked again to end a session.
    public init(
        settings: TokenSettings,
        clients: [Client],
        sessions: any SessionStore & PeopleStore,
        keys: KeyRing,
        revocations: Revocations,
        authenticator: any Authenticating,
        throttle: Throttle? = nil,
        hasher: any SecretHash,
        secrets: SecretCache = SecretCache(),
        audit: any AuditSink,
        sourceNames: [SourceID: String] = [:],
        phases: any PhaseSink = NoPhases(),
        logger: Logger = Logger(label: "tokens", factory: { _ in SwiftLogNoOpLogHandler() }),
        retries: [Duration]? = nil,
        clock: any WallClock = SystemWallClock()
    ) {
        let registry = ClientRegistry(clients)
        verifier = AccessTokenVerifier(issuer: settings.issuer, keys: keys, revocations: revocations, clock: clock)
        tools = GrantTools(
            settings: settings,
            registry: registry,
            clients: ClientAuthenticator(
                registry: registry,
                defaultClient: settings.defaultClient,
                hasher: hasher,
                proved: secrets
            ),
            sessions: sessions,
            keys: keys,
            revocations: revocations,
            verifier: verifier,
            authenticator: authenticator,
            throttle: throttle,
            lateEnds: LateEnds(
                sessions: sessions,
                clock: clock,
                logger: logger,
                retries: retries ?? StoreRetries.pauses
            ),
            sourceNames: sourceNames,
            clock: clock
        )
        runner = GrantRunner(tools: tools, audit: audit, phases: phases)
        let gate = ClientGate(tools: tools, audit: audit)
        introspector = Introspector(tools: tools, gate: gate)
        forwardAuthentication = ForwardAuthentication(tools: tools, people: sessions, audit: audit)
        desk = SessionDesk(tools: tools, people: sessions, gate: gate, audit: audit)
        grants = Grant.allCases.filter { grant in clients.contains { $0.grants.contains(grant) } }
    }

    /// POST /token.
    public func login(_ request: LoginRequest, context: RequestContext) async throws(TokenError) -> TokenModel {
        // 1. grant_type present, 2. known: any case at this endpoint
        guard let grantType = request.grantType, !grantType.isEmpty else { throw .missingGrantType }
        guard grantType.lowercased() == Grant.password.rawValue else { throw .passwordGrantOnly }
        let issued = try await runner.run(
            LoginGrant(tools: tools, request: request),
            client: .configured(tools.settings.loginClient),
            scope: nil,
            context: context
        )
        guard let session = issued.session else { throw .sessionNotActive }
        return TokenModel(
            accessToken: issued.accessToken,
            userID: session.userID,
            firstName: session.identity.firstName,
            lastName: session.identity.lastName,
            sessionNumber: session.number
        )
    }

    /// POST /api/v1/auth/token.
    public func token(
        _ request: TokenRequest,
        context: RequestContext
    ) async throws(TokenError) -> AccessTokenResponse {
        // 1. grant_type present, 2. known: with case at this endpoint
        guard let grantType = request.grantType, !grantType.isEmpty else { throw .missingGrantType }
        guard let grant = Grant(rawValue: grantType) else { throw .unsupportedGrantType }
        let issued =
            switch grant {
            case .password: try await run(PasswordGrant(tools: tools, request: request), request, context)
            case .refreshToken: try await run(RefreshGrant(tools: tools, request: request), request, context)
            case .clientCredentials: try await run(ClientCredentialsGrant(tools: tools), request, context)
            }
        return response(issued, context)
    }

    /// The JWKS document (RFC 7517), ready to send.
    public func keySet() -> [UInt8] { tools.keys.document }

    /// What the discovery documents tell.
    public func metadata() -> IssuerMetadata {
        var algorithms = [tools.settings.algorithm.rawValue]
        // After a change of algorithm the key set holds keys of both for a while.
        for key in tools.keys.storedKeys where key.use == .sign && !algorithms.contains(key.algorithm) {
            algorithms.append(key.algorithm)
        }
        return IssuerMetadata(issuer: tools.settings.issuer, grants: grants, algorithms: algorithms)
    }

    private func run(
        _ handler: some GrantHandler,
        _ request: TokenRequest,
        _ context: RequestContext
    ) async throws(TokenError) -> IssuedToken {
        try await runner.run(handler, client: .presented(request.client), scope: request.scope, context: context)
    }

    private func response(_ issued: IssuedToken, _ context: RequestContext) -> AccessTokenResponse {
        let client = issued.client
        return AccessTokenResponse(
            accessToken: issued.accessToken,
            expiresIn: issued.expiresIn,
            redirectURL: client.redirectURL,
            ip: context.ip,
            isEditor: issued.session.map {
                client.isEditor($0.identity, firstSource: tools.settings.firstSource)
            } ?? false,
            refreshExpiresIn: issued.refreshExpiresIn,
            refreshToken: issued.refreshToken,
            notBeforePolicy: AccessTokenIssuer.seconds(issued.notBefore),
            sessionState: issued.session?.id.text,
            scope: issued.scopes.joined(separator: " "),
            signOnReply: issued.signOnReply
        )
    }
}
