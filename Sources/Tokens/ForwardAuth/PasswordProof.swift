internal import Authentication
internal import FoundationEssentials

/// Proves a name and a password sent with a request that opens no session.
struct PasswordProof: Sendable {
    private let tools: GrantTools
    private let people: any PeopleStore
    private let audit: any AuditSink
    /// What was proved under another configuration is asked for again.
    private let salt: [UInt8]

    init(tools: GrantTools, people: any PeopleStore, audit: any AuditSink) {
        self.tools = tools
        self.people = people
        self.audit = audit
        salt = withUnsafeBytes(of: UUID.fresh().uuid) { Array($0) }
    }

    /// The person, asked for by `authentication.order`, or proved a moment ago.
    func person(
        _ username: String,
        _ password: Password,
        _ context: RequestContext
    ) async throws(TokenError) -> ProvedPerson {
        guard !username.isEmpty, !password.isEmpty else { throw .unauthorized }
        let proved = tools.revocations.proved
        let answer = await proved.person(for: proved.key(username, password, salt: salt)) { [self] in
            await prove(username, password, context)
        }
        switch answer {
        case .success(let person): return person
        case .failure(let refusal):
            // Whatever the refusal of a password says, a proxy must hear that it was refused.
            throw refusal.answer.code == .temporarilyUnavailable ? refusal.answer : .unauthorized
        }
    }

    private func prove(
        _ username: String,
        _ password: Password,
        _ context: RequestContext
    ) async -> ProvedPasswords.Answer {
        let start = ContinuousClock.now
        let record = GrantRecord(
            grant: .password,
            context: context,
            username: username,
            sourceNames: tools.sourceNames
        )
        do throws(Refusal) {
            let person = try await ask(username, password, context)
            audit.record(record.proved(person, duration: .now - start))
            return .success(person)
        } catch {
            if let event = record.refused(error, duration: .now - start) { audit.record(event) }
            return .failure(error)
        }
    }

    /// The one place where a password of Basic is tried. The throttle knows the address here; the account it meets in the
    /// authenticator, which counts there.
    private func ask(
        _ username: String,
        _ password: Password,
        _ context: RequestContext
    ) async throws(Refusal) -> ProvedPerson {
        try tools.requireNoWait(context)
        let identity = try await tools.authenticate(
            AuthenticationRequest(username: username, password: password, address: context.address)
        )
        let now = tools.clock.now()
        do {
            return ProvedPerson(identity: identity, userID: try await people.userID(of: identity, now: now))
        } catch {
            throw GrantTools.refusal(error, identity)
        }
    }
}
