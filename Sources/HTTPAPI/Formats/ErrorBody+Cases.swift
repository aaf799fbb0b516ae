public import Tokens

extension ErrorBody {
    /// The challenge for a client that tried Basic.
    public static let basicChallenge = "Basic realm=\"ldapauthd\""
    /// The challenge for who sent no bearer token (RFC 6750 §3: without an error code).
    public static let bearerChallenge = "Bearer"
    /// The challenge for a bearer token that is not accepted (RFC 6750 §3).
    public static let invalidTokenChallenge = "Bearer error=\"invalid_token\""
    /// The challenge for a live token of the wrong kind (RFC 6750 §3.1).
    public static let insufficientScopeChallenge = "Bearer error=\"insufficient_scope\""

    /// The challenge for a Kerberos ticket (RFC 4559 §4.1).
    public static let negotiateChallenge = "Negotiate"

    /// The answer to a refusal by a grant.
    ///
    /// - Parameter basicTried: the request had `Authorization: Basic`; then a 401 must challenge (RFC 6749 §5.2).
    public init(_ error: TokenError, basicTried: Bool = false) {
        if error.code == .invalidToken || error.code == .signOnRequired {
            let challenge = error.code == .invalidToken ? Self.invalidTokenChallenge : Self.negotiateChallenge
            self = .unauthorized(challenges: [challenge])
            return
        }
        if error.code == .unauthorized {
            self = .unauthorized(challenges: [])
            return
        }
        let status =
            switch error.code {
            case .invalidClient: 401
            case .insufficientScope, .accessDenied: 403
            case .temporarilyUnavailable: error.isThrottled ? 429 : 503
            default: 400
            }
        self.init(status: status, error: error.code.rawValue, description: error.description)
        if error.code == .invalidClient, basicTried {
            challenges = [Self.basicChallenge]
        }
        if error.code == .insufficientScope {
            challenges = [Self.insufficientScopeChallenge]
        }
        if error.code == .temporarilyUnavailable {
            // RFC 9110 §10.2.3; never 0, or clients would come back at once.
            retryAfter = max(error.retryAfter ?? 5, 1)
        }
    }

    /// The answer to a body that cannot be read.
    public init(_ fault: RequestFault) {
        switch fault.code {
        case .unsupportedMediaType:
            self.init(
                status: 415,
                message: "The request entity's media type '\(fault.mediaType ?? "")' is not supported for this "
                    + "resource."
            )
        case .unsupportedEncoding:
            self.init(
                status: 415,
                message: "The request entity's content encoding '\(fault.mediaType ?? "")' is not supported for this "
                    + "resource."
            )
            acceptEncoding = "identity"
        case .missingMediaType:
            self.init(
                status: 415,
                message: "The request contains an entity body but no Content-Type header. The inferred media type "
                    + "'application/octet-stream' is not supported for this resource."
            )
        case .duplicatedParameter:
            self.init(status: 400, error: "invalid_request", description: "duplicated parameter")
        case .severalClientMethods:
            self.init(
                status: 400,
                error: "invalid_request",
                description: "Only one client authentication method may be used"
            )
        default:
            self.init(status: 400, error: "invalid_request", description: "The request is invalid.")
            modelState = fault.modelState
        }
    }

    /// 404; `uri` is the whole request URI, scheme and host included.
    public static func notFound(uri: String) -> ErrorBody {
        ErrorBody(status: 404, message: "No HTTP resource was found that matches the request URI '\(uri)'.")
    }

    /// 405; `allow` is the value of the Allow header, such as `POST`.
    public static func methodNotAllowed(_ method: String, allow: String) -> ErrorBody {
        var body = ErrorBody(status: 405, message: "The requested resource does not support http method '\(method)'.")
        body.allow = allow
        return body
    }

    /// 401 with the given challenges.
    public static func unauthorized(challenges: [String]) -> ErrorBody {
        var body = ErrorBody(status: 401, message: "Authorization has been denied for this request.")
        body.challenges = challenges
        return body
    }

    /// 413; the connection is closed, for the rest of the body stays unread.
    public static var bodyTooLarge: ErrorBody {
        var body = ErrorBody(status: 413, message: "Maximum request length exceeded.")
        body.closesConnection = true
        return body
    }

    /// 403 for plain http where `http.require_tls` is on.
    public static var httpsRequired: ErrorBody {
        ErrorBody(status: 403, error: "invalid_request", description: "HTTPS required")
    }

    /// 500, without a word about the cause.
    public static var internalError: ErrorBody {
        var body = ErrorBody(status: 500, message: "An error has occurred.")
        body.error = "server_error"
        return body
    }
}
