internal import Authentication
internal import NIOHTTP1
internal import Tokens

/// The two endpoints that give out tokens.
enum TokenEndpoints {
    static let tokenPath = "/api/v1/auth/token"

    /// `POST /token`: LoginBinding → TokenModel.
    static func login(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .POST,
            path: "/token",
            summary: "Log in with a name and a password, at a directory or locally; answers one access token.",
            details: """
                The client is the configured login client. With `IsInSessionAuth` 1 the password is proved inside a \
                session: that of the access token in `Authorization: Bearer`, else the person's newest one opened here.
                """,
            carriesCredentials: true,
            caching: .never,
            body: .login,
            answers: [
                AnswerDescription(200, "Logged in.", body: .negotiated(TokenModel.sample))
            ] + AnswerDescription.refusals(ExpectedRefusal.login)
        ) { request in
            let login = try request.read { RequestReader.login($0, authorization: request.header("authorization")) }
            return .negotiated(try await state.current.tokens.login(login, context: request.context))
        }
    }

    /// `POST /api/v1/auth/token`: TokenRequest → AccessTokenResponse.
    static func token(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .POST,
            path: tokenPath,
            summary:
                "The OAuth 2.0 token endpoint: password, refresh_token and client_credentials grants, and Windows sign-on.",
            carriesCredentials: true,
            caching: .never,
            security: [.client],
            body: .token,
            answers: [
                AnswerDescription(
                    200,
                    "Granted.",
                    headers: [
                        AnswerDescription.Header(
                            name: "WWW-Authenticate",
                            summary: "After Windows sign-on: the server's half of the proof (RFC 4559 §5).",
                            sample: "\(ErrorBody.negotiateChallenge) oYG2..."
                        )
                    ],
                    body: .negotiated(AccessTokenResponse.sample)
                )
            ] + AnswerDescription.refusals(ExpectedRefusal.token)
        ) { request in
            var token = try request.read {
                try RequestReader.token($0, authorization: request.header("authorization"))
            }
            token.signOn?.endPoint = request.caller.endPoint
            let answer = try await state.current.tokens.token(token, context: request.context)
            // RFC 4559 §5: the server's half of the proof comes with the answer.
            let reply = answer.signOnReply.map { "\(ErrorBody.negotiateChallenge) \(Base64.encode($0))" }
            return .negotiated(answer, headers: reply.map { [("WWW-Authenticate", $0)] } ?? [])
        }
    }
}
