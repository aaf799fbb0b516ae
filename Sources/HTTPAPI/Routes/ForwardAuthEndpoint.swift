internal import NIOHTTP1
internal import Tokens

/// What reverse proxies ask about every request they hold back.
enum ForwardAuthEndpoint {
    private static let group = Parameter(
        name: "group",
        place: .query,
        kind: .repeated,
        summary:
            "A group that may enter; given several times, any of them. `source:name` for another source than the first.",
        sample: "staff"
    )
    private static let groups = Parameter(
        name: "groups",
        place: .query,
        kind: .list,
        summary: "The same, separated by commas.",
        sample: "staff,editors"
    )
    private static let client = Parameter(
        name: "client_id",
        place: .query,
        kind: .text,
        summary: "Only access tokens of this client may enter, and no passwords.",
        sample: "web"
    )

    /// Their order has no meaning (RFC 9110 §11.6.1), but nginx before 1.23 passes on the first one only, and a browser does
    /// something with Basic alone.
    private static let challenges = ["Basic realm=\"ldapauthd\", charset=\"UTF-8\"", ErrorBody.bearerChallenge]
    /// No password gets in then, so none is asked for.
    private static let challengesOfAClient = [ErrorBody.bearerChallenge]

    /// `GET /api/v1/auth/verify`.
    static func verify(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .GET,
            path: "/api/v1/auth/verify",
            summary: "For reverse proxies: whether a request may pass, and whose it is.",
            details: """
                Takes an access token or a name and a password. Whoever may pass is described in headers, whose texts are \
                UTF-8, percent-encoded outside visible ASCII; all of them are always there, empty where there is nothing \
                to say. A password is asked for by authentication.order and remembered for 30 seconds.
                """,
            carriesCredentials: true,
            caching: .never,
            takesAnyMethod: true,
            security: [.bearer, .basic],
            parameters: [group, groups, client],
            answers: [
                AnswerDescription(200, "The request may pass.", headers: headers(of: sample)),
                .unauthorized(challenges: challenges, when: "There are no credentials, or the password is refused."),
                .unauthorized(
                    challenges: challengesOfAClient,
                    when: "`client_id` is given, and there is no access token."
                ),
            ] + AnswerDescription.refusals(ExpectedRefusal.verification)
        ) { request in
            let hasRule = request.has(group) || request.has(groups)
            let question = ForwardAuthRequest(
                credentials: credentials(request),
                // A rule that names nobody lets nobody in: the variable that should have filled it may be empty.
                groups: hasRule ? request.values(of: group) + request.values(of: groups) : nil,
                client: request.value(of: client)
            )
            do {
                let answer = try await state.current.tokens.verify(question, context: request.context)
                return .complete(OutgoingResponse(.ok, headers: fields(of: answer)))
            } catch let error as TokenError where error.code == .unauthorized {
                throw ErrorBody.unauthorized(challenges: question.client == nil ? challenges : challengesOfAClient)
            }
        }
    }

    private static func credentials(_ request: EndpointRequest) -> ForwardAuthRequest.Credentials {
        switch request.authorization {
        case .bearer(let token)?: .bearer(token)
        case .basic(let basic?)?: .basic(username: basic.userID, password: basic.password)
        case .basic(nil)?, .other?, nil: .none
        }
    }

    /// All of them, always: a proxy that copies them then overwrites what the caller may have sent under these names.
    private static func fields(of answer: ForwardAuthAnswer) -> [(name: String, value: String)] {
        [
            ("X-Auth-User", HeaderText.encode(answer.username ?? "")),
            ("X-Auth-User-Id", answer.userID.map { String($0) } ?? ""),
            ("X-Auth-Groups", answer.groups.map(HeaderText.encode).joined(separator: ",")),
            ("X-Auth-Email", HeaderText.encode(answer.email ?? "")),
            ("X-Auth-Source", HeaderText.encode(answer.source ?? "")),
            ("X-Auth-Subject", HeaderText.encode(answer.subject)),
        ]
    }

    private static let sample = ForwardAuthAnswer(
        subject: "1:6f9619ff-8b86-d011-b42d-00c04fc964ff",
        source: "corp",
        username: "terry-j",
        userID: 12,
        email: "terry.johnson@corp.example",
        groups: ["editors", "staff"]
    )

    private static func headers(of sample: ForwardAuthAnswer) -> [AnswerDescription.Header] {
        let summaries = [
            "The canonical name; empty for a client's own token.", "The person's number.",
            "The person's groups, separated by commas.", "The mail address.", "The name of the source.",
            "The `sub` of the person's tokens.",
        ]
        return zip(fields(of: sample), summaries).map {
            AnswerDescription.Header(name: $0.name, summary: $1, sample: $0.value)
        }
    }
}
