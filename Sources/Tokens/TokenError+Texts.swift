internal import Authentication

/// The texts of docs/http-api.md, “Errors”, each spelt in one place.
extension TokenError {
    static let missingGrantType = TokenError(.invalidRequest, "Missing form parameter: grant_type")
    static let unsupportedGrantType = TokenError(.unsupportedGrantType, "Unsupported grant_type")
    static let passwordGrantOnly = TokenError(.unsupportedGrantType, #"Grant_type only support "password" now."#)
    static let invalidCredentials = TokenError(.invalidGrant, "Invalid user credentials")
    static let invalidClient = TokenError(.invalidClient, "Invalid client")
    static let invalidClientCredentials = TokenError(.invalidClient, "Invalid client credentials")
    static let grantNotAllowed = TokenError(.unauthorizedClient, "Client not allowed for this grant")
    static let noRefreshToken = TokenError(.invalidRequest, "No refresh token")
    static let invalidRefreshToken = TokenError(.invalidGrant, "Invalid refresh token")
    static let refreshTokenOfOtherClient = TokenError(
        .invalidGrant,
        "Invalid refresh token. Token client and authorized client don't match"
    )
    static let tokenNotActive = TokenError(.invalidGrant, "Token is not active")
    static let sessionNotActive = TokenError(.invalidGrant, "Session not active")
    static let staleToken = TokenError(.invalidGrant, "Stale token")
    static let refreshTokenReused = TokenError(.invalidGrant, "Maximum allowed refresh token reuse exceeded")
    static let userDisabled = TokenError(.invalidGrant, "User disabled")
    static let unknownDirectory = TokenError(.invalidRequest, "Unknown LDAP server id")
    static let bearerRefused = TokenError(.invalidToken, "Authorization has been denied for this request.")
    static let unauthorized = TokenError(.unauthorized, "Authorization has been denied for this request.")
    static let noPerson = TokenError(
        .insufficientScope,
        "The token is a client's own and belongs to no person and no session"
    )
    static let notInGroup = TokenError(.accessDenied, "Not in any of the groups that may enter")
    static let tokenOfOtherClient = TokenError(.unauthorizedClient, "The token belongs to another client")
    static let tokenWithoutSession = TokenError(
        .unsupportedTokenType,
        "A client's own token has no session to end; it expires by itself"
    )
    static let sessionOfOtherClient = TokenError(.invalidGrant, "The session belongs to another client")
    static let sessionOfOtherUser = TokenError(.invalidGrant, "The session belongs to another user")
    static let noWindowsSignOn = TokenError(
        .invalidRequest,
        "Windows sign-on without a password is not switched on here"
    )
    static let signOnRequired = TokenError(.signOnRequired, "Authorization has been denied for this request.")

    static func missing(_ parameter: String) -> TokenError {
        TokenError(.invalidRequest, "Missing parameter: \(parameter)")
    }

    static func invalidScopes(_ refused: [String]) -> TokenError {
        TokenError(.invalidScope, "Invalid scopes: \(refused.joined(separator: " "))")
    }

    static func invalidValue(_ value: Int32, member: String) -> TokenError {
        TokenError(.invalidRequest, "The value '\(value)' is not valid for \(member).")
    }

    static func unavailable(retryAfter: Int) -> TokenError {
        TokenError(.temporarilyUnavailable, "The directory is not reachable", retryAfter: max(1, retryAfter))
    }

    /// Nothing is broken, there is only more to do than can be done now.
    static func overloaded(retryAfter: Int) -> TokenError {
        TokenError(.temporarilyUnavailable, "The service is busy", retryAfter: max(1, retryAfter))
    }

    /// The same for names that exist and names that do not.
    static func throttled(_ wait: ThrottleWait) -> TokenError {
        TokenError(.temporarilyUnavailable, "Too many attempts", retryAfter: wait.retryAfter, isThrottled: true)
    }

    /// What a caller may know of a refusal: the reason only if the password was right (docs/http-api.md, “Errors”), because
    /// everything else would tell a stranger who exists and in what state.
    static func refused(_ rejection: Rejection) -> TokenError {
        if let wait = rejection.wait { return .throttled(wait) }
        guard rejection.passwordProved else { return .invalidCredentials }
        return switch rejection.reason {
        case .passwordExpired: TokenError(.invalidGrant, "Password expired")
        case .mustChangePassword: TokenError(.invalidGrant, "Password must be changed")
        case .disabled: TokenError(.invalidGrant, "Account disabled")
        case .accountExpired: TokenError(.invalidGrant, "Account expired")
        case .logonHours: TokenError(.invalidGrant, "Logon hours restriction")
        case .workstation: TokenError(.invalidGrant, "Workstation restriction")
        case .unknownUser, .ambiguousUser, .wrongPassword, .emptyPassword, .locked, .userIDTaken, .throttled, .other:
            .invalidCredentials
        }
    }
}
