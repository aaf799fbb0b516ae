internal import NIOHTTP1
internal import Tokens

/// The endpoint that changes passwords.
enum PasswordEndpoint {
    /// `POST /api/v1/auth/password`: 204, or why not.
    static func change(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .POST,
            path: "/api/v1/auth/password",
            summary: "Changes one's password at its source.",
            details: """
                An access token in `Authorization: Bearer` says whose password it is, else `username` and `LDAPServerId` do. \
                The present password is proved in either case, also one that has expired or must be changed. Every session \
                of the person ends, but for the one whose token was shown; of a local account that one as well.
                """,
            carriesCredentials: true,
            caching: .never,
            body: .password,
            answers: [
                AnswerDescription(204, "The new password works.")
            ] + AnswerDescription.refusals(ExpectedRefusal.passwordChange)
        ) { request in
            let change = try request.read { RequestReader.password($0, authorization: request.authorization) }
            try await state.current.passwords.changePassword(change, context: request.context)
            return .complete(OutgoingResponse(.noContent))
        }
    }
}
