public import Authentication

/// Where a request comes from, as far as tokens and the audit log care.
public struct RequestContext: Sendable {
    /// The caller's address as seen through trusted proxies; a word in its place when there is none.
    public var address: String
    /// False when `address` is only a word: the peer is on a Unix socket and names nobody.
    public var hasAddress: Bool
    /// The User-Agent header.
    public var userAgent: String
    /// As in `X-Request-Id`.
    public var requestID: String

    /// A caller.
    public init(address: String, hasAddress: Bool = true, userAgent: String = "", requestID: String = "") {
        self.address = address
        self.hasAddress = hasAddress
        self.userAgent = userAgent
        self.requestID = requestID
    }

    /// The address as an answer tells it; nil when there is none.
    public var ip: String? { hasAddress && !address.isEmpty ? address : nil }
}

/// How a client named itself.
public struct ClientCredentials: Sendable {
    /// How they came.
    public enum Method: Sendable, Hashable {
        /// `client_id` and `client_secret` in the body.
        case body
        /// `Authorization: Basic`.
        case basic
    }

    /// The client_id; nil when none was sent.
    public var id: String?
    /// The secrets to try, in order: one from a body; form-decoded, then raw, from Basic.
    public var secrets: [Password]
    /// For Basic: the ids to try, matching `secrets` by position; empty otherwise.
    public var alternativeIDs: [String]
    /// How they came.
    public var method: Method

    /// What a client sent of itself.
    public init(id: String?, secrets: [Password] = [], alternativeIDs: [String] = [], method: Method = .body) {
        self.id = id
        self.secrets = secrets
        self.alternativeIDs = alternativeIDs
        self.method = method
    }
}

/// POST /api/v1/auth/token, read but not judged.
public struct TokenRequest: Sendable {
    /// `WindowsAuthentication`.
    public var windowsAuthentication: Bool
    /// The proof that came in place of a password; nil when none was sent.
    public var signOn: SignOnToken?
    /// Who asks.
    public var client: ClientCredentials
    /// `scope`, space-separated.
    public var scope: String?
    /// `username` as typed.
    public var username: String?
    /// `password` as typed.
    public var password: Password?
    /// `grant_type` as sent.
    public var grantType: String?
    /// `refresh_token` as sent.
    public var refreshToken: String?

    /// A request with nothing in it.
    public init(
        windowsAuthentication: Bool = false,
        signOn: SignOnToken? = nil,
        client: ClientCredentials = ClientCredentials(id: nil),
        scope: String? = nil,
        username: String? = nil,
        password: Password? = nil,
        grantType: String? = nil,
        refreshToken: String? = nil
    ) {
        self.windowsAuthentication = windowsAuthentication
        self.signOn = signOn
        self.client = client
        self.scope = scope
        self.username = username
        self.password = password
        self.grantType = grantType
        self.refreshToken = refreshToken
    }
}

/// The 200 of POST /api/v1/auth/token.
public struct AccessTokenResponse: Sendable, Hashable {
    /// `access_token`.
    public var accessToken: String
    /// `expires_in`, whole seconds.
    public var expiresIn: Int32
    /// `redirect_url`, the client's.
    public var redirectURL: String?
    /// `ip`, the caller's address; nil for a peer without one.
    public var ip: String?
    /// `is_editor`.
    public var isEditor: Bool
    /// `refresh_expires_in`, whole seconds; 0 without a refresh token.
    public var refreshExpiresIn: Int32
    /// `refresh_token`; nil for client_credentials and for clients that may not refresh.
    public var refreshToken: String?
    /// `token_type`.
    public var tokenType: String
    /// `not_before_policy`, seconds since the epoch; 0 when there is none.
    public var notBeforePolicy: Int32
    /// `session_state`, the session's UUID; nil for client_credentials.
    public var sessionState: String?
    /// `scope`, what was granted, space-separated.
    public var scope: String
    /// What proves our side to a caller who showed a proof instead of a password; no member, but a header.
    public var signOnReply: [UInt8]?

    /// All eleven members.
    public init(
        accessToken: String,
        expiresIn: Int32,
        redirectURL: String? = nil,
        ip: String? = nil,
        isEditor: Bool = false,
        refreshExpiresIn: Int32 = 0,
        refreshToken: String? = nil,
        tokenType: String = "Bearer",
        notBeforePolicy: Int32 = 0,
        sessionState: String? = nil,
        scope: String = "",
        signOnReply: [UInt8]? = nil
    ) {
        self.accessToken = accessToken
        self.expiresIn = expiresIn
        self.redirectURL = redirectURL
        self.ip = ip
        self.isEditor = isEditor
        self.refreshExpiresIn = refreshExpiresIn
        self.refreshToken = refreshToken
        self.tokenType = tokenType
        self.notBeforePolicy = notBeforePolicy
        self.sessionState = sessionState
        self.scope = scope
        self.signOnReply = signOnReply
    }
}

/// POST /token, read but not judged.
public struct LoginRequest: Sendable {
    /// `Grant_type` as sent.
    public var grantType: String?
    /// `UserName` as typed.
    public var username: String?
    /// `Password` as typed.
    public var password: Password?
    /// `LDAPServerId`, 0 when absent.
    public var directory: Int32
    /// `IsInSessionAuth`, 0 when absent.
    public var inSession: Int32
    /// The access token of `Authorization: Bearer`, if one was sent.
    public var bearer: String?

    /// A request with nothing in it.
    public init(
        grantType: String? = nil,
        username: String? = nil,
        password: Password? = nil,
        directory: Int32 = 0,
        inSession: Int32 = 0,
        bearer: String? = nil
    ) {
        self.grantType = grantType
        self.username = username
        self.password = password
        self.directory = directory
        self.inSession = inSession
        self.bearer = bearer
    }
}

/// The 200 of POST /token.
public struct TokenModel: Sendable, Hashable {
    /// `access_token`.
    public var accessToken: String
    /// `userId`.
    public var userID: Int32
    /// `firstName`.
    public var firstName: String?
    /// `lastName`.
    public var lastName: String?
    /// `DTTSessionId`.
    public var sessionNumber: Int32

    /// All five members.
    public init(accessToken: String, userID: Int32, firstName: String?, lastName: String?, sessionNumber: Int32) {
        self.accessToken = accessToken
        self.userID = userID
        self.firstName = firstName
        self.lastName = lastName
        self.sessionNumber = sessionNumber
    }
}

/// All that HTTPAPI asks of the rules.
public typealias TokenRules = TokenIssuing & TokenChecking & SessionManaging

/// What HTTPAPI asks in order to give tokens out. `TokenService` is the real one.
public protocol TokenIssuing: Sendable {
    /// POST /token.
    func login(_ request: LoginRequest, context: RequestContext) async throws(TokenError) -> TokenModel

    /// POST /api/v1/auth/token.
    func token(_ request: TokenRequest, context: RequestContext) async throws(TokenError) -> AccessTokenResponse

    /// The JWKS document (RFC 7517), ready to send.
    func keySet() -> [UInt8]

    /// What the discovery documents tell.
    func metadata() -> IssuerMetadata
}
