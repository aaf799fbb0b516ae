internal import Tokens

/// Answers that several endpoints give.
extension AnswerDescription {
    /// A refusal in the terms of OAuth.
    static func refused(_ code: TokenError.Code, _ description: String, _ summary: String) -> AnswerDescription {
        AnswerDescription(ErrorBody(TokenError(code, description), basicTried: true), when: summary)
    }

    /// 401 with challenges.
    static func unauthorized(challenges: [String], when summary: String) -> AnswerDescription {
        AnswerDescription(.unauthorized(challenges: challenges), when: summary)
    }

    /// What every endpoint with a Bearer token may answer.
    static let bearerRefused = unauthorized(
        challenges: [ErrorBody.invalidTokenChallenge],
        when: "The token is missing or not live, or its session has ended."
    )

    /// For endpoints about a person.
    static let noPerson = refused(
        .insufficientScope,
        "The token is a client's own and belongs to no person and no session",
        "The token is a client's own."
    )

    /// 429 and 503.
    static let tryLater = [
        AnswerDescription(
            ErrorBody(TokenError(.temporarilyUnavailable, "Too many attempts", retryAfter: 30, isThrottled: true)),
            when: "Too many attempts with this name or from this address."
        ),
        storeDown,
    ]

    /// 503.
    static let storeDown = AnswerDescription(
        ErrorBody(TokenError(.temporarilyUnavailable, "The directory is not reachable", retryAfter: 5)),
        when: "Nobody who could say answers."
    )
}
