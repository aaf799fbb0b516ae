public import Authentication

/// The signature algorithms of access tokens.
public enum SigningAlgorithm: String, Sendable, Hashable, CaseIterable {
    /// ECDSA with P-256 and SHA-256 (RFC 7518 §3.4).
    case es256 = "ES256"
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    case rs256 = "RS256"
    /// Ed25519 (RFC 8037 §3.1).
    case eddsa = "EdDSA"
}

/// `[tokens]` and the token half of `[authentication]`.
public struct TokenSettings: Sendable, Hashable {
    /// The `iss` claim.
    public var issuer: String
    /// What new tokens are signed with.
    public var algorithm: SigningAlgorithm
    /// Access tokens of /api/v1/auth/token.
    public var accessLifetime: Duration
    /// Access tokens, and sessions, of /token.
    public var loginLifetime: Duration
    /// A session not refreshed for so long ends.
    public var refreshIdle: Duration
    /// The hard end of a session.
    public var sessionMax: Duration
    /// The previous refresh token answers again within this.
    public var refreshReuseGrace: Duration
    /// A new signing key so often.
    public var keyRotation: Duration
    /// Whose settings POST /token uses.
    public var loginClient: String
    /// For /api/v1/auth/token without client_id.
    public var defaultClient: String?
    /// For POST /token without LDAPServerId.
    public var defaultDirectory: Int32?
    /// The first of `authentication.order`: what a bare name in `editor_groups` means for a client without `sources`.
    public var firstSource: SourceID

    /// The defaults of the configuration.
    public init(
        issuer: String = "http://127.0.0.1:8480",
        algorithm: SigningAlgorithm = .es256,
        accessLifetime: Duration = .seconds(300),
        loginLifetime: Duration = .seconds(8 * 3600),
        refreshIdle: Duration = .seconds(1800),
        sessionMax: Duration = .seconds(10 * 3600),
        refreshReuseGrace: Duration = .seconds(10),
        keyRotation: Duration = .seconds(30 * 86400),
        loginClient: String = "login",
        defaultClient: String? = nil,
        defaultDirectory: Int32? = nil,
        firstSource: SourceID = .local
    ) {
        self.issuer = issuer
        self.algorithm = algorithm
        self.accessLifetime = accessLifetime
        self.loginLifetime = loginLifetime
        self.refreshIdle = refreshIdle
        self.sessionMax = sessionMax
        self.refreshReuseGrace = refreshReuseGrace
        self.keyRotation = keyRotation
        self.loginClient = loginClient
        self.defaultClient = defaultClient
        self.defaultDirectory = defaultDirectory
        self.firstSource = firstSource
    }
}
