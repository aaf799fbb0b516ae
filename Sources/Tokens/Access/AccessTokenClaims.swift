public import FoundationEssentials

/// The claims of an access token (RFC 9068 §2.2, and ours).
public struct AccessTokenClaims: Sendable, Hashable {
    /// `iss`.
    public var issuer: String
    /// `sub`: `source:stable-id`, or the client id for client_credentials.
    public var subject: String
    /// `aud`: at least one.
    public var audience: [String]
    /// `exp`, in seconds since the epoch.
    public var expiresAt: Int64
    /// `iat`, in seconds since the epoch.
    public var issuedAt: Int64
    /// `jti`.
    public var id: String
    /// `client_id`.
    public var clientID: String
    /// `scope`, space-separated.
    public var scope: String
    /// What only a person's token has; nil for client_credentials.
    public var person: Person?

    /// The claims about a person and the session.
    public struct Person: Sendable, Hashable {
        /// `sid`.
        public var session: UUID
        /// `auth_time`, in seconds since the epoch.
        public var authenticatedAt: Int64
        /// `preferred_username`: the canonical name.
        public var username: String
        /// `email`; nil when the source knows none.
        public var email: String?
        /// `groups`, sorted, as far as the client's filter and limit let them through.
        public var groups: [String]
        /// `groups_overage`: true when the limit cut some off.
        public var hasMoreGroups: Bool
        /// `userId`.
        public var userID: Int32

        /// The claims about a person.
        public init(
            session: UUID,
            authenticatedAt: Int64,
            username: String,
            email: String? = nil,
            groups: [String],
            hasMoreGroups: Bool,
            userID: Int32
        ) {
            self.session = session
            self.authenticatedAt = authenticatedAt
            self.username = username
            self.email = email
            self.groups = groups
            self.hasMoreGroups = hasMoreGroups
            self.userID = userID
        }
    }

    /// The claims of one token.
    public init(
        issuer: String,
        subject: String,
        audience: [String],
        expiresAt: Int64,
        issuedAt: Int64,
        id: String,
        clientID: String,
        scope: String,
        person: Person?
    ) {
        self.issuer = issuer
        self.subject = subject
        self.audience = audience
        self.expiresAt = expiresAt
        self.issuedAt = issuedAt
        self.id = id
        self.clientID = clientID
        self.scope = scope
        self.person = person
    }
}
