/// A refusal by a grant, in the terms of RFC 6749 §5.2; HTTPAPI makes bytes of it.
public struct TokenError: Error, Sendable, Hashable {
    /// The `error` member.
    public struct Code: Sendable, Hashable {
        /// As on the wire.
        public let rawValue: String
        private init(_ rawValue: String) { self.rawValue = rawValue }

        /// 400.
        public static let invalidRequest = Code("invalid_request")
        /// 400.
        public static let unsupportedGrantType = Code("unsupported_grant_type")
        /// 400.
        public static let invalidGrant = Code("invalid_grant")
        /// 401.
        public static let invalidClient = Code("invalid_client")
        /// 400.
        public static let unauthorizedClient = Code("unauthorized_client")
        /// 400.
        public static let invalidScope = Code("invalid_scope")
        /// 503, or 429 when throttled; with Retry-After.
        public static let temporarilyUnavailable = Code("temporarily_unavailable")
        /// 401 with `WWW-Authenticate: Bearer error="invalid_token"` and the body of the plain 401.
        public static let invalidToken = Code("invalid_token")
        /// 401 with the challenges of the endpoint: no credentials, or a person's password that was refused.
        public static let unauthorized = Code("unauthorized")
        /// 403 with `WWW-Authenticate: Bearer error="insufficient_scope"` (RFC 6750 §3.1): live, but of the wrong kind.
        public static let insufficientScope = Code("insufficient_scope")
        /// 403: known, but not let in here.
        public static let accessDenied = Code("access_denied")
        /// 400 (RFC 7009 §2.2.1).
        public static let unsupportedTokenType = Code("unsupported_token_type")
        /// 401 with `WWW-Authenticate: Negotiate` (RFC 4559 §4) and the body of the plain 401.
        public static let signOnRequired = Code("sign_on_required")
    }

    /// The `error` member.
    public let code: Code
    /// The `error_description` member, safe to show to the caller.
    public let description: String
    /// Whole seconds for Retry-After.
    public let retryAfter: Int?
    /// True for 429 instead of 503.
    public let isThrottled: Bool

    /// A refusal.
    public init(_ code: Code, _ description: String, retryAfter: Int? = nil, isThrottled: Bool = false) {
        self.code = code
        self.description = description
        self.retryAfter = retryAfter
        self.isThrottled = isThrottled
    }
}
