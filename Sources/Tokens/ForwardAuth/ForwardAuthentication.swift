internal import Authentication

/// Answers reverse proxies: from memory for access tokens, by a bind every half minute for passwords.
struct ForwardAuthentication: Sendable {
    private let tools: GrantTools
    private let people: any PeopleStore
    private let tokenGroups: TokenGroups
    private let passwords: PasswordProof

    init(tools: GrantTools, people: any PeopleStore, audit: any AuditSink) {
        self.tools = tools
        self.people = people
        tokenGroups = TokenGroups(tools: tools)
        passwords = PasswordProof(tools: tools, people: people, audit: audit)
    }

    /// Who the caller is, if he may pass.
    func answer(_ request: ForwardAuthRequest, _ context: RequestContext) async throws(TokenError) -> ForwardAuthAnswer
    {
        switch request.credentials {
        case .none:
            throw .unauthorized
        case .bearer(let token):
            return try await answer(token, request)
        case .basic(let username, let password):
            // A password is no token of any client.
            guard request.client == nil else { throw .unauthorized }
            return try await answer(username, password, request, context)
        }
    }

    private func answer(_ token: String, _ request: ForwardAuthRequest) async throws(TokenError) -> ForwardAuthAnswer {
        let claims = try tools.liveClaims(token)
        if let client = request.client, claims.clientID != client { throw .bearerRefused }
        guard let person = claims.person, let key = IdentityKey(subject: claims.subject) else {
            guard request.groups == nil else { throw .notInGroup }
            return ForwardAuthAnswer(subject: claims.subject)
        }
        let answer = ForwardAuthAnswer(
            subject: claims.subject,
            source: tools.sourceName(key.source),
            username: person.username,
            userID: person.userID,
            email: person.email,
            groups: try await tokenGroups.all(of: claims, person)
        )
        let client = tools.registry[claims.clientID]
        let first = client?.groupSource(firstSource: tools.settings.firstSource) ?? tools.settings.firstSource
        try require(request.groups, first, answer, key.source)
        return answer
    }

    private func answer(
        _ username: String,
        _ password: Password,
        _ request: ForwardAuthRequest,
        _ context: RequestContext
    ) async throws(TokenError) -> ForwardAuthAnswer {
        let person = try await passwords.person(username, password, context)
        let identity = person.identity
        let answer = ForwardAuthAnswer(
            subject: identity.key.subject,
            source: identity.sourceName,
            username: identity.username,
            userID: person.userID,
            email: identity.email,
            groups: identity.groups
        )
        try require(request.groups, tools.settings.firstSource, answer, identity.key.source)
        return answer
    }

    private func require(
        _ groups: [String]?,
        _ bareSource: SourceID,
        _ answer: ForwardAuthAnswer,
        _ source: SourceID
    ) throws(TokenError) {
        guard let groups else { return }
        let rule = GroupRule(names: groups, source: bareSource)
        guard rule.admits(answer.groups, of: source, named: answer.source ?? "") else { throw .notInGroup }
    }
}
