import Synchronization
import Tokens

/// Rules that answer by a script and remember what they were asked.
final class ScriptedTokens: TokenIssuing {
    typealias Login = @Sendable (LoginRequest, RequestContext) async throws(TokenError) -> TokenModel
    typealias Token = @Sendable (TokenRequest, RequestContext) async throws(TokenError) -> AccessTokenResponse

    private let onLogin: Login
    private let onToken: Token
    private let keys: [UInt8]
    private let asked = Mutex<(login: LoginRequest?, token: TokenRequest?, context: RequestContext?, count: Int)>(
        (nil, nil, nil, 0)
    )

    init(
        keys: String = #"{"keys":[]}"#,
        login: @escaping Login = { _, _ throws(TokenError) in ScriptedTokens.model },
        token: @escaping Token = { _, context throws(TokenError) in
            AccessTokenResponse(accessToken: "at", expiresIn: 300, ip: context.ip, scope: "read")
        }
    ) {
        self.keys = Array(keys.utf8)
        onLogin = login
        onToken = token
    }

    static let model = TokenModel(
        accessToken: "at",
        userID: 12,
        firstName: "Terry",
        lastName: "Johnson",
        sessionNumber: 77
    )

    var lastLogin: LoginRequest? { asked.withLock { $0.login } }
    var lastToken: TokenRequest? { asked.withLock { $0.token } }
    var lastContext: RequestContext? { asked.withLock { $0.context } }
    var count: Int { asked.withLock { $0.count } }

    func login(_ request: LoginRequest, context: RequestContext) async throws(TokenError) -> TokenModel {
        asked.withLock { $0 = (request, $0.token, context, $0.count + 1) }
        return try await onLogin(request, context)
    }

    func token(_ request: TokenRequest, context: RequestContext) async throws(TokenError) -> AccessTokenResponse {
        asked.withLock { $0 = ($0.login, request, context, $0.count + 1) }
        return try await onToken(request, context)
    }

    func keySet() -> [UInt8] { keys }
}
