internal import Authentication

/// What a client hears about a token (RFC 7662 §2.2).
public struct Introspection: Sendable, Hashable {
    /// True while the token is live; when it is not, nothing else is told.
    public var isActive: Bool
    /// `scope`, space-separated.
    public var scope: String?
    /// `client_id`.
    public var clientID: String?
    /// `username`; nil for a client's own token.
    public var username: String?
    /// `token_type`: "Bearer", or "refresh_token".
    public var tokenType: String?
    /// `exp`, in seconds since the epoch.
    public var expiresAt: Int64?
    /// `iat`, in seconds since the epoch.
    public var issuedAt: Int64?
    /// `sub`.
    public var subject: String?
    /// `aud`; empty for a refresh token.
    public var audience: [String]
    /// `iss`.
    public var issuer: String?
    /// `jti`; nil for a refresh token.
    public var id: String?
    /// `sid`; nil for a client's own token.
    public var session: String?
    /// `auth_time`, in seconds since the epoch; nil for a client's own token.
    public var authenticatedAt: Int64?

    /// An answer.
    public init(
        isActive: Bool,
        scope: String? = nil,
        clientID: String? = nil,
        username: String? = nil,
        tokenType: String? = nil,
        expiresAt: Int64? = nil,
        issuedAt: Int64? = nil,
        subject: String? = nil,
        audience: [String] = [],
        issuer: String? = nil,
        id: String? = nil,
        session: String? = nil,
        authenticatedAt: Int64? = nil
    ) {
        self.isActive = isActive
        self.scope = scope
        self.clientID = clientID
        self.username = username
        self.tokenType = tokenType
        self.expiresAt = expiresAt
        self.issuedAt = issuedAt
        self.subject = subject
        self.audience = audience
        self.issuer = issuer
        self.id = id
        self.session = session
        self.authenticatedAt = authenticatedAt
    }

    /// The answer for whatever is not live.
    public static let inactive = Introspection(isActive: false)

    /// The answer for a live access token.
    init(_ claims: AccessTokenClaims) {
        self.init(
            isActive: true,
            scope: claims.scope,
            clientID: claims.clientID,
            username: claims.person?.username,
            tokenType: "Bearer",
            expiresAt: claims.expiresAt,
            issuedAt: claims.issuedAt,
            subject: claims.subject,
            audience: claims.audience,
            issuer: claims.issuer,
            id: claims.id,
            session: claims.person?.session.text,
            authenticatedAt: claims.person?.authenticatedAt
        )
    }

    /// The answer for the refresh token of a live session.
    init(_ session: Session, issuer: String) {
        self.init(
            isActive: true,
            scope: session.scopes.joined(separator: " "),
            clientID: session.client,
            username: session.identity.username,
            tokenType: "refresh_token",
            expiresAt: min(session.idleEnd, session.hardEnd).seconds,
            issuedAt: session.rotatedAt.seconds,
            subject: session.identity.key.subject,
            issuer: issuer,
            session: session.id.text,
            authenticatedAt: session.authenticatedAt.seconds
        )
    }
}
