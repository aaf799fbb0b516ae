internal import NIOHTTP1
internal import Tokens

/// What clients ask about tokens and do to them.
enum QueryEndpoints {
    static let introspectPath = "/api/v1/auth/introspect"
    static let revokePath = "/api/v1/auth/revoke"

    /// `POST /api/v1/auth/introspect` (RFC 7662).
    static func introspect(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .POST,
            path: introspectPath,
            summary: "Whether a token is live, and what it says; for confidential clients.",
            details: """
                Whatever is not live, forged, expired, revoked or of another issuer is `{"active":false}`. A refresh token \
                is told of to its own client only.
                """,
            carriesCredentials: true,
            caching: .never,
            security: [.client],
            body: .tokenQuery,
            answers: [
                AnswerDescription(200, "The answer, for live tokens and others.", body: .json(Introspection.sample))
            ] + AnswerDescription.refusals(ExpectedRefusal.introspection)
        ) { request in
            .json(try await state.current.tokens.introspect(try query(request), context: request.context))
        }
    }

    /// `POST /api/v1/auth/revoke` (RFC 7009).
    static func revoke(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .POST,
            path: revokePath,
            summary: "Ends the session of an access token or a refresh token.",
            details: "An unknown token, and one whose session has ended already, is no error: 200.",
            carriesCredentials: true,
            caching: .never,
            security: [.client],
            body: .tokenQuery,
            answers: [
                AnswerDescription(200, "The token is dead now, if it was not before.")
            ] + AnswerDescription.refusals(ExpectedRefusal.revocation)
        ) { request in
            try await state.current.tokens.revoke(try query(request), context: request.context)
            return .complete(OutgoingResponse(.ok))
        }
    }

    private static func query(_ request: EndpointRequest) throws -> TokenQuery {
        try request.read { try RequestReader.query($0, authorization: request.header("authorization")) }
    }
}
