internal import NIOHTTP1
internal import Tokens

/// The two endpoints that give out tokens.
enum TokenEndpoints {
    /// `POST /token`: LoginBinding → TokenModel.
    static func login(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .POST,
            path: "/token",
            summary: "Log in with a name and a password, at a directory or locally; answers one access token.",
            carriesCredentials: true,
            caching: .never
        ) { request in
            let login = try request.withBody { body in
                try RequestReader.login(
                    body: body,
                    contentType: request.header("content-type"),
                    authorization: request.header("authorization")
                )
            }
            return .negotiated(try await state.current.tokens.login(login, context: request.context))
        }
    }

    /// `POST /api/v1/auth/token`: TokenRequest → AccessTokenResponse.
    static func token(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .POST,
            path: "/api/v1/auth/token",
            summary: "The OAuth 2.0 token endpoint: password, refresh_token and client_credentials grants.",
            carriesCredentials: true,
            caching: .never
        ) { request in
            let token = try request.withBody { body in
                try RequestReader.token(
                    body: body,
                    contentType: request.header("content-type"),
                    authorization: request.header("authorization")
                )
            }
            return .negotiated(try await state.current.tokens.token(token, context: request.context))
        }
    }
}

extension EndpointRequest {
    private static let userAgentLimit = 256

    /// Where the request comes from, for tokens and the audit log.
    var context: RequestContext {
        RequestContext(
            address: caller.address,
            hasAddress: caller.hasAddress,
            userAgent: String((header("user-agent") ?? "").unicodeScalars.prefix(Self.userAgentLimit)),
            requestID: id
        )
    }
}
