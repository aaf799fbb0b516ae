extension Authenticator {
    /// True when proofs of another authority are accepted at all.
    public var offersSignOn: Bool { signOn != nil }

    /// Verifies a proof, and asks the directory that has its realm among its `domains` whether the person may be let in;
    /// within the login budget. Local accounts have no realm.
    public func signOn(_ request: SignOnRequest) async -> SignOnResult {
        guard let signOn else {
            return .refused(SignOnRefusal(reason: "not-configured", detail: "no keytab is configured"))
        }
        let deadline = ContinuousClock.now + settings.loginBudget
        let verdict = await watch.value(until: deadline) { await signOn.verify(request.token, deadline: deadline) }
        switch verdict {
        case .proved(let principal, let reply):
            return await person(principal, reply, request, deadline)
        case .refused(let refusal):
            return .refused(refusal)
        case .unavailable(let outage):
            return .unavailable(outage)
        case nil:
            return .unavailable(Outage(sources: [], detail: "the proof was not judged within the login budget"))
        }
    }

    private func person(
        _ principal: SignOnPrincipal,
        _ reply: [UInt8]?,
        _ request: SignOnRequest,
        _ deadline: ContinuousClock.Instant
    ) async -> SignOnResult {
        guard let directory = directory(of: principal.realm, sources: request.sources) else {
            let detail = "no directory that may be asked has “\(LogText.escaped(principal.realm))” among its domains"
            return .rejected(principal, Rejection(.unknownUser, detail: detail))
        }
        let answer = await watch.value(until: deadline) {
            await directory.authenticate(principal, deadline: deadline)
        }
        switch answer {
        case .authenticated(let identity): return .authenticated(identity, reply: reply)
        case .rejected(let rejection): return .rejected(principal, rejection)
        case .unavailable(let outage): return .unavailable(outage)
        case nil:
            let detail = "\(directory.name): no answer within the login budget"
            return .unavailable(Outage(sources: [directory.id], detail: detail))
        }
    }

    private func directory(of realm: String, sources allowed: [SourceID]) -> (any DirectorySource)? {
        let realm = UsernameFolding.fold(realm)
        return directorySources.first { directory in
            (allowed.isEmpty || allowed.contains(directory.id))
                && directory.domains.contains { UsernameFolding.fold($0) == realm }
        }
    }
}
