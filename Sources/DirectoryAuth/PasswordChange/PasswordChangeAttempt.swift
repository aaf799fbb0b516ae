internal import Authentication
internal import LDAPClient

/// One change of a password at a directory: the bind that proves the old one, then the change.
struct PasswordChangeAttempt: Sendable {
    /// Who it was, as the entry says after the change; without an account to search with the person reads it.
    struct Reading: Sendable {
        var person: Person
        /// Nil when they could not be read.
        var groups: [String]?
    }

    enum Outcome: Sendable {
        case changed(host: String, Reading?)
        case rejected(Rejection)
        case refused(PasswordRefusal)
        case unavailable(Outage)
    }

    private enum Preparation {
        case change(PasswordChangeRequests)
        case refusal(PasswordRefusal)
    }

    let directory: Directory
    let place: Directory.Place
    let old: Password
    let new: Password
    let deadline: ContinuousClock.Instant

    private var kind: DirectoryKind { directory.settings.kind }

    func run() async -> Outcome {
        let bound = await directory.hosts.bind(dn: place.dn, password: old, deadline: deadline) { response, lease in
            // "Must change" is a success too: on that connection nothing but this is allowed.
            guard response.resultCode == .success else { return Outcome?.none }
            return await asPerson(lease, mayRead: BindVerdict(response, kind: kind) == .accepted)
        }
        switch bound {
        case .unavailable(let why):
            return .unavailable(directory.outage(why))
        case .answered(_, let outcome?):
            return outcome
        case .answered(let response, nil):
            return await notBound(response)
        }
    }

    /// Made only once the old password is proved: what is wrong with the new one would tell strangers that the name exists.
    private func prepare() -> Preparation {
        // A bind in clear text may have been allowed on purpose; that new passwords travel so never is.
        guard directory.hosts.roster.hosts.allSatisfy(\.settings.isProtected) else {
            let detail = "\(directory.name): urls would send it in clear text"
            return .refusal(PasswordRefusal(.notAllowed, detail: detail))
        }
        guard let change = PasswordChangeRequests(kind: kind, dn: place.dn, old: old, new: new) else {
            let detail = "it is not UTF-8, and Active Directory keeps characters"
            return .refusal(PasswordRefusal(.unusable, detail: detail))
        }
        return .change(change)
    }

    // MARK: As the person

    private func asPerson(_ lease: any LDAPBindLease, mayRead: Bool) async -> Outcome {
        let change: PasswordChangeRequests
        switch prepare() {
        case .refusal(let refusal): return .refused(refusal)
        case .change(let request): change = request
        }
        let mustRead = !directory.hasSearchingIdentity
        do throws(LDAPError) {
            var before: Person?
            if mustRead, mayRead {
                // Whose sessions will have to end must be known before anything is changed.
                switch try await read(lease) {
                case .found(let person, _): before = person
                case .refused(let rejection): return .rejected(rejection)
                }
            }
            var response = try await lease.change(
                change.asPerson,
                controls: [.passwordPolicyRequest],
                deadline: deadline
            )
            // 389 wants TLS for RFC 3062 even on loopback (13, confidentialityRequired), but not for the attribute.
            if response.resultCode.rawValue == 13, let other = change.withoutOperation {
                response = try await lease.change(other, controls: [.passwordPolicyRequest], deadline: deadline)
            }
            let outcome = judge(response, by: "the person")
            guard mustRead, case .changed(let host, _) = outcome else { return outcome }
            return .changed(host: host, await reading(lease) ?? before.map { Reading(person: $0) })
        } catch {
            return .unavailable(directory.outage(error.message))
        }
    }

    /// The own entry; a rejection when it may not log in, or is somebody else's by now.
    private func read(_ lease: any LDAPBindLease) async throws(LDAPError) -> PersonLookup {
        let lookup = try await directory.read(dn: place.dn, by: LeaseSearcher(lease: lease), deadline: deadline)
        switch lookup {
        case .found(let person, _):
            guard let key = place.key, key.stableID != person.stableID, !directory.settings.attributes.idIsDN else {
                return lookup
            }
            let detail = "\(place.dn) is another person by now"
            return .refused(Rejection(.unknownUser, source: directory.id, key: key, detail: detail))
        case .refused(var rejection):
            // As at a login: the bind succeeded, so nobody is looked for elsewhere.
            if rejection.reason == .unknownUser { rejection.reason = .other }
            return .refused(rejection)
        }
    }

    private func reading(_ lease: any LDAPBindLease) async -> Reading? {
        guard case .found(let person, _)? = try? await read(lease) else { return nil }
        let searcher = LeaseSearcher(lease: lease)
        return Reading(
            person: person,
            groups: try? await directory.memberships(of: person, by: searcher, deadline: deadline)
        )
    }

    // MARK: As the service account

    /// The bind was refused. An expired password that is right may be changed all the same, by the service account.
    private func notBound(_ response: BindResponse) async -> Outcome {
        switch BindVerdict(response, kind: kind) {
        case .refused(let reason, let passwordProved):
            let mayChange = passwordProved && (reason == .passwordExpired || reason == .mustChangePassword)
            if mayChange, directory.hasSearchingIdentity { return await asService() }
            let rejection = Rejection(
                reason,
                source: directory.id,
                passwordProved: passwordProved,
                key: place.key,
                detail: response.said,
                host: response.host
            )
            let refusal = BindRefusal(response, rejection, kind: kind)
            return .rejected(await directory.explain(refusal, of: place.dn, before: place.entry, deadline: deadline))
        case .undecided(let hint):
            return .unavailable(directory.outage("\(response.host): \(response.said); \(hint)"))
        case .accepted, .hostUnavailable:
            return .unavailable(directory.outage("\(response.host): \(response.said)"))
        }
    }

    private func asService() async -> Outcome {
        let change: PasswordChangeRequests
        switch prepare() {
        case .refusal(let refusal): return .refused(refusal)
        case .change(let request): change = request
        }
        switch await directory.hosts.change(change.asService, deadline: deadline) {
        case .unavailable(let why):
            return .unavailable(directory.outage(why))
        case .answered(let response, _):
            // The bind has just proved the old one: a server that says otherwise does not let this account look at it.
            guard case .rejected(let rejection) = judge(response, by: "the service account") else {
                return judge(response, by: "the service account")
            }
            return .refused(
                PasswordRefusal(
                    .notAllowed,
                    detail: "\(rejection.detail); the service account needs write access to the password there",
                    host: rejection.host
                )
            )
        }
    }

    // MARK: The answer

    private func judge(_ response: ChangeResponse, by who: String) -> Outcome {
        let said =
            response.said
            // insufficientAccessRights (RFC 4511 §A.2), where no rule for passwords is named.
            + (response.resultCode.rawValue == 50 && response.passwordPolicy?.error == nil
                ? "; \(who) needs write access to the password there" : "")
        switch PasswordChangeVerdict(response, kind: kind) {
        case .changed:
            return .changed(host: response.host, nil)
        case .refused(let reason, let minimum):
            return .refused(PasswordRefusal(reason, minimumLength: minimum, detail: said, host: response.host))
        case .wrongOldPassword:
            var rejection = Rejection(
                .wrongPassword,
                source: directory.id,
                key: place.key,
                detail: said,
                host: response.host
            )
            // The bind had just proved it: a server that cannot compare it here says so in the same words.
            rejection.isConclusive = false
            return .rejected(rejection)
        case .undecided(let hint):
            return .unavailable(directory.outage("\(response.host): \(said)\(hint.map { "; \($0)" } ?? "")"))
        }
    }
}
