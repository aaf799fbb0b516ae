import Authentication
import Synchronization
import Tokens

@testable import HTTPAPI

/// Rules that answer by a script and remember what they were asked.
final class ScriptedTokens: TokenRules, PasswordChanging {
    typealias Login = @Sendable (LoginRequest, RequestContext) async throws(TokenError) -> TokenModel
    typealias Token = @Sendable (TokenRequest, RequestContext) async throws(TokenError) -> AccessTokenResponse

    private let onLogin: Login
    private let onToken: Token
    private let keys: [UInt8]
    private let issuer: String
    private let verified: ForwardAuthAnswer
    private let log = Mutex<[String]>([])
    private let refusal = Mutex<TokenError?>(nil)
    private let asked = Mutex<(login: LoginRequest?, token: TokenRequest?, context: RequestContext?, count: Int)>(
        (nil, nil, nil, 0)
    )

    init(
        keys: String = #"{"keys":[]}"#,
        issuer: String = "https://auth.example",
        verified: ForwardAuthAnswer = ForwardAuthAnswer(subject: "web"),
        login: @escaping Login = { _, _ throws(TokenError) in ScriptedTokens.model },
        token: @escaping Token = { _, context throws(TokenError) in
            AccessTokenResponse(accessToken: "at", expiresIn: 300, ip: context.ip, scope: "read")
        }
    ) {
        self.keys = Array(keys.utf8)
        self.issuer = issuer
        self.verified = verified
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

    func changePassword(_ request: PasswordRequest, context: RequestContext) async throws(TokenError) {
        asked.withLock { $0 = ($0.login, $0.token, context, $0.count + 1) }
    }

    func keySet() -> [UInt8] { keys }

    func metadata() -> IssuerMetadata {
        IssuerMetadata(issuer: issuer, grants: Grant.allCases, algorithms: ["ES256", "RS256"])
    }

    // MARK: The other endpoints

    /// What the other endpoints were asked, in words.
    var calls: [String] { log.withLock { $0 } }

    /// From now on the other endpoints refuse with `error`; nil ends it.
    func refuse(with error: TokenError?) { refusal.withLock { $0 = error } }

    private func note(_ call: String) throws(TokenError) {
        log.withLock { $0.append(call) }
        if let error = refusal.withLock({ $0 }) { throw error }
    }

    private func describe(_ query: TokenQuery) -> String {
        "\(query.token ?? "nil") by \(query.client.id ?? "nil") \(query.client.method)"
    }

    func introspect(_ query: TokenQuery, context: RequestContext) async throws(TokenError) -> Introspection {
        try note("introspect \(describe(query))")
        return query.token == "dead" ? .inactive : .sample
    }

    func userInfo(_ bearer: String) async throws(TokenError) -> UserInfo {
        try note("userinfo \(bearer)")
        return .sample
    }

    func verify(_ request: ForwardAuthRequest, context: RequestContext) async throws(TokenError) -> ForwardAuthAnswer {
        let credentials =
            switch request.credentials {
            case .none: "none"
            case .bearer(let token): "bearer \(token)"
            case .basic(let username, let password):
                "basic \(username) \(password.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })"
            }
        try note(
            "verify \(credentials) groups \(request.groups.map { "\($0)" } ?? "nil") client \(request.client ?? "nil")"
        )
        if case .none = request.credentials { throw TokenError(.unauthorized, "") }
        return verified
    }

    func revoke(_ query: TokenQuery, context: RequestContext) async throws(TokenError) {
        try note("revoke \(describe(query))")
    }

    func logout(_ bearer: String, context: RequestContext) async throws(TokenError) {
        try note("logout \(bearer)")
    }

    func sessions(_ bearer: String) async throws(TokenError) -> [SessionSummary] {
        try note("sessions \(bearer)")
        return SessionList.sample.sessions
    }

    func endSession(_ number: Int32, bearer: String, context: RequestContext) async throws(TokenError) -> Bool {
        try note("end \(number) \(bearer)")
        return number == 77
    }
}
