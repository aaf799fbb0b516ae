/// A signed access token and what the answers tell about it.
struct IssuedToken: Sendable {
    var accessToken: String
    /// Whole seconds it lives.
    var expiresIn: Int32
    var scopes: [String]
    /// Nil for client_credentials.
    var session: Session?
    /// Nil when none is given.
    var refreshToken: String?
    /// Whole seconds until the session's next end; 0 without a refresh token.
    var refreshExpiresIn: Int32
    /// The greatest not-before that applies.
    var notBefore: Int64
    var client: Client
    /// True for a caller who showed a proof instead of a password.
    var isSignOn = false
    /// What that caller gets for it.
    var signOnReply: [UInt8]?
}
