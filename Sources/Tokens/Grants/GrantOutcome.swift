internal import Authentication

/// What a grant comes to: whom the token is about, and with which scopes.
struct GrantOutcome: Sendable {
    /// Opened or continued; nil for client_credentials.
    var session: Session?
    /// What this answer grants.
    var scopes: [String]
    /// The clock, from which lifetimes are counted.
    var now: Timestamp
    /// The moment the token counts as issued, as its session's row has it.
    var issuedAt: Timestamp
    /// Whether the answer carries a refresh token.
    var isRefreshable = false
    /// True for a caller who showed a proof instead of a password.
    var isSignOn = false
    /// What that caller gets for it.
    var signOnReply: [UInt8]?
}
