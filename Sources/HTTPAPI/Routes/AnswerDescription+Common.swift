internal import Tokens

/// Answers that several endpoints give.
extension AnswerDescription {
    /// Refusals by the rules, as they are thrown.
    static func refusals(_ expected: [ExpectedRefusal]) -> [AnswerDescription] {
        expected.map { AnswerDescription(ErrorBody($0.error, basicTried: true), when: $0.when) }
    }

    /// 401 with challenges.
    static func unauthorized(challenges: [String], when summary: String) -> AnswerDescription {
        AnswerDescription(.unauthorized(challenges: challenges), when: summary)
    }

    /// What an endpoint that takes nothing but a Bearer token may answer.
    static let bearerRefusals =
        [unauthorized(challenges: [ErrorBody.bearerChallenge], when: "There is no access token.")]
        + refusals(ExpectedRefusal.person)
}

extension Endpoint {
    /// True when a reader is told of that refusal: of its status, its `error`, its text and its challenges.
    func describes(_ refusal: ErrorBody) -> Bool {
        (answers + commonAnswers).contains { answer in
            guard case .error(let told) = answer.body, told.status == refusal.status, told.error == refusal.error,
                Self.opening(told.message) == Self.opening(refusal.message)
            else { return false }
            // RFC 6749 §5.2: a client that has not tried Basic is not asked for it.
            let isUnasked = refusal.challenges.isEmpty && told.challenges == [ErrorBody.basicChallenge]
            return told.challenges == refusal.challenges || isUnasked
        }
    }

    /// A text up to where it may name a value.
    private static func opening(_ text: String) -> Substring { text.prefix { $0 != ":" && $0 != "'" } }
}
