internal import Authentication

/// A session as its person sees it.
public struct SessionSummary: Sendable, Hashable {
    /// `DTTSessionId`.
    public var number: Int32
    /// `session_state`: the UUID.
    public var id: String
    /// `client_id`.
    public var client: String
    /// `scope`, space-separated.
    public var scope: String
    /// `ip`: the caller's address at login, or the word that stands for a peer without one.
    public var address: String
    /// `user_agent` at login.
    public var userAgent: String
    /// `created_at`, in seconds since the epoch.
    public var createdAt: Int64
    /// `last_used_at`: the last login or refresh, in seconds since the epoch.
    public var lastUsedAt: Int64
    /// `expires_at`, in seconds since the epoch, unless it is refreshed before.
    public var expiresAt: Int64
    /// `current`: true for the session of the token that asked.
    public var isCurrent: Bool

    /// A session.
    public init(
        number: Int32,
        id: String,
        client: String,
        scope: String,
        address: String,
        userAgent: String,
        createdAt: Int64,
        lastUsedAt: Int64,
        expiresAt: Int64,
        isCurrent: Bool
    ) {
        self.number = number
        self.id = id
        self.client = client
        self.scope = scope
        self.address = address
        self.userAgent = userAgent
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.expiresAt = expiresAt
        self.isCurrent = isCurrent
    }

    init(_ session: Session, isCurrent: Bool) {
        self.init(
            number: session.number,
            id: session.id.text,
            client: session.client,
            scope: session.scopes.joined(separator: " "),
            address: session.address,
            userAgent: session.userAgent,
            createdAt: session.createdAt.seconds,
            lastUsedAt: max(session.rotatedAt, session.authenticatedAt).seconds,
            expiresAt: min(session.idleEnd, session.hardEnd).seconds,
            isCurrent: isCurrent
        )
    }
}
