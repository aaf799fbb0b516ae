/// Why an access token is refused; the caller hears `invalid_token` only, the log may hear this.
public struct AccessTokenError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reason, in one word or two.
    public let description: String
    private init(_ description: String) { self.description = description }

    /// It has not three parts of clean base64url, or no claims in it.
    public static let malformed = AccessTokenError("malformed")
    /// No key of ours writes such a header: unknown `kid`, other `alg`, other `typ`.
    public static let unknownKey = AccessTokenError("unknown key")
    /// The signature is not that key's.
    public static let badSignature = AccessTokenError("bad signature")
    /// It is another issuer's.
    public static let otherIssuer = AccessTokenError("other issuer")
    /// `iat` lies in the future.
    public static let fromTheFuture = AccessTokenError("issued in the future")
    /// `exp` has passed.
    public static let expired = AccessTokenError("expired")
    /// Issued before a not-before.
    public static let revoked = AccessTokenError("revoked")
    /// Its session was ended.
    public static let sessionEnded = AccessTokenError("session ended")
}
