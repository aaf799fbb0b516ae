internal import NIOHTTP1
internal import Tokens

/// What a person does with an access token: who am I, where am I logged in, log me out.
enum PersonEndpoints {
    static let userInfoPath = "/api/v1/auth/userinfo"

    /// `GET /api/v1/auth/userinfo`.
    static func userInfo(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .GET,
            path: userInfoPath,
            summary: "Who the access token stands for, with names, mail address and all groups.",
            details: "A claim without a value is left out. Everything is as it was at the login or the last refresh.",
            carriesCredentials: true,
            caching: .never,
            security: [.bearer],
            answers: [
                AnswerDescription(200, "The person.", body: .json(UserInfo.sample))
            ] + AnswerDescription.bearerRefusals
        ) { request in
            .json(try await state.current.tokens.userInfo(try request.bearer()))
        }
    }

    /// `POST /api/v1/auth/logout`.
    static func logout(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .POST,
            path: "/api/v1/auth/logout",
            summary: "Ends the session of the access token, its other tokens included.",
            carriesCredentials: true,
            caching: .never,
            security: [.bearer],
            answers: [AnswerDescription(204, "The session has ended.")] + AnswerDescription.bearerRefusals
        ) { request in
            try await state.current.tokens.logout(try request.bearer(), context: request.context)
            return .complete(OutgoingResponse(.noContent))
        }
    }

    /// `GET /api/v1/auth/sessions`.
    static func sessions(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .GET,
            path: "/api/v1/auth/sessions",
            summary: "One's own live sessions.",
            carriesCredentials: true,
            caching: .never,
            security: [.bearer],
            answers: [
                AnswerDescription(200, "The newest first.", body: .json(SessionList.sample))
            ] + AnswerDescription.bearerRefusals
        ) { request in
            .json(SessionList(sessions: try await state.current.tokens.sessions(try request.bearer())))
        }
    }

    /// `DELETE /api/v1/auth/sessions/{DTTSessionId}`.
    static func endSession(_ state: APIState) -> Endpoint {
        let number = Parameter(
            name: "DTTSessionId",
            place: .path,
            kind: .integer,
            isRequired: true,
            summary: "The number of one's own session.",
            sample: "77"
        )
        return Endpoint(
            method: .DELETE,
            path: "/api/v1/auth/sessions/{DTTSessionId}",
            summary: "Ends one of one's own sessions, the present one or another.",
            carriesCredentials: true,
            caching: .never,
            security: [.bearer],
            parameters: [number],
            answers: [
                AnswerDescription(204, "The session has ended."),
                AnswerDescription(
                    .notFound(uri: "https://auth.corp.example/api/v1/auth/sessions/78"),
                    when: "There is no live session of that number, or it is somebody else's."
                ),
            ] + AnswerDescription.bearerRefusals
        ) { request in
            let bearer = try request.bearer()
            let text = Array((request.value(of: number) ?? "").utf8)
            // The token first: who has none learns nothing, not even what a number looks like.
            let ended = try await state.current.tokens.endSession(
                ScalarText.integer(text[...]) ?? 0,
                bearer: bearer,
                context: request.context
            )
            guard ended else { throw ErrorBody.notFound(uri: request.uri) }
            return .complete(OutgoingResponse(.noContent))
        }
    }
}
