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
    ///
    /// Who has to wait is told so before anything remembered is looked at: a wait that a right password ended would tell it
    /// from the wrong ones, guess after guess.
    func person(
        _ username: String,
        _ password: Password,
        _ context: RequestContext
    ) async throws(TokenError) -> ProvedPerson {
        guard !username.isEmpty, !password.isEmpty else { throw .unauthorized }
        switch await answer(username, password, context) {
        case .success(let person): return person
        case .failure(let refusal):
            // Whatever the refusal of a password says, a proxy must hear that it was refused.
            throw refusal.answer.code == .temporarilyUnavailable ? refusal.answer : .unauthorized
        }
    }

    private func answer(
        _ username: String,
        _ password: Password,
        _ context: RequestContext
    ) async -> ProvedPasswords.Answer {
        do throws(Refusal) {
            try tools.requireNoWait(context)
        } catch {
            return refused(error, username, context, .now)
        }
        let request = AuthenticationRequest(username: username, password: password, address: context.address)
        let address = IPAddress(context.address)?.throttleText ?? context.address
        let proved = tools.revocations.proved
        let key = proved.key(username, password, from: address, salt: salt)
        return await proved.person(for: key) { person in
            // Others behind the same address may have guessed at the name.
            guard let wait = tools.authenticator.wait(of: request, for: person.identity.key) else {
                return .success(person)
            }
            return refused(Refusal(wait), username, context, .now)
        } prove: { [self] in
            await prove(request, context)
        }
    }

    private func prove(_ request: AuthenticationRequest, _ context: RequestContext) async -> ProvedPasswords.Answer {
        let start = ContinuousClock.now
        do throws(Refusal) {
            let person = try await ask(request)
            audit.record(record(request.username, context).proved(person, duration: .now - start))
            return .success(person)
        } catch {
            return refused(error, request.username, context, start)
        }
    }

    private func refused(
        _ refusal: Refusal,
        _ username: String,
        _ context: RequestContext,
        _ start: ContinuousClock.Instant
    ) -> ProvedPasswords.Answer {
        if let event = record(username, context).refused(refusal, duration: .now - start) { audit.record(event) }
        return .failure(refusal)
    }

    private func record(_ username: String, _ context: RequestContext) -> GrantRecord {
        GrantRecord(grant: .password, context: context, username: username, sourceNames: tools.sourceNames)
    }

    /// The one place where a password of Basic is tried; the throttle meets it in the authenticator, and counts there.
    private func ask(_ request: AuthenticationRequest) async throws(Refusal) -> ProvedPerson {
        let identity = try await tools.authenticate(request)
        let now = tools.clock.now()
        do {
            return ProvedPerson(identity: identity, userID: try await people.userID(of: identity, now: now))
        } catch {
            throw GrantTools.refusal(error, identity)
        }
    }
}
