internal import Authentication
internal import LDAPClient

/// One change of a password at a directory: the bind that proves the old one, then the change.
struct PasswordChangeAttempt: Sendable {
    enum Outcome: Sendable {
        case changed(host: String)
        case rejected(Rejection)
        case refused(PasswordRefusal)
        case unavailable(Outage)

    }

    let directory: Directory
    let dn: String
    let old: Password
    let new: Password
    let deadline: ContinuousClock.Instant

    private var kind: DirectoryKind { directory.settings.kind }

    func run(_ person: Person?) async -> Outcome {
        guard let change = PasswordChangeRequests(kind: kind, dn: dn, old: old, new: new) else {
            return .refused(
                PasswordRefusal(.unusable, detail: "it is not UTF-8, and Active Directory keeps characters")
            )
        }
        let bound = await directory.hosts.bind(dn: dn, password: old, deadline: deadline) { response, lease in
            // "Must change" is a success too: on that connection nothing but this is allowed.
            response.resultCode == .success ? await asPerson(change, lease) : nil
        }
        switch bound {
        case .unavailable(let why):
            return .unavailable(directory.outage(why))
        case .answered(_, let outcome?):
            return outcome
        case .answered(let response, nil):
            return await notBound(response, person, change)
        }
    }

    private func asPerson(_ change: PasswordChangeRequests, _ lease: any LDAPBindLease) async -> Outcome {
        do throws(LDAPError) {
            var response = try await lease.change(
                change.asPerson,
                controls: [.passwordPolicyRequest],
                deadline: deadline
            )
            // 389 wants TLS for RFC 3062 even on loopback (13, confidentialityRequired), but not for the attribute.
            if response.resultCode.rawValue == 13, let other = change.withoutOperation {
                response = try await lease.change(other, controls: [.passwordPolicyRequest], deadline: deadline)
            }
            return judge(response, by: "the person")
        } catch {
            return .unavailable(directory.outage(error.message))
        }
    }

    /// The bind was refused. An expired password that is right may be changed all the same, by the service account.
    private func notBound(
        _ response: BindResponse,
        _ person: Person?,
        _ change: PasswordChangeRequests
    ) async -> Outcome {
        let said = "result \(response.resultCode), “\(LogText.escaped(response.diagnosticMessage.prefix(300)))”"
        switch BindVerdict(response, kind: kind) {
        case .refused(let reason, let passwordProved):
            let mayChange = passwordProved && (reason == .passwordExpired || reason == .mustChangePassword)
            if mayChange, directory.hasSearchingIdentity { return await asService(change) }
            return .rejected(
                Rejection(
                    reason,
                    source: directory.id,
                    passwordProved: passwordProved,
                    key: person.map { IdentityKey(source: directory.id, stableID: $0.stableID) },
                    detail: said,
                    host: response.host
                )
            )
        case .undecided(let hint):
            return .unavailable(directory.outage("\(response.host): \(said); \(hint)"))
        case .accepted, .hostUnavailable:
            return .unavailable(directory.outage("\(response.host): \(said)"))
        }
    }

    private func asService(_ change: PasswordChangeRequests) async -> Outcome {
        switch await directory.hosts.change(change.asService, deadline: deadline) {
        case .unavailable(let why): .unavailable(directory.outage(why))
        case .answered(let response, _):
            // The bind has just proved the old one: a server that says otherwise does not let this account look at it.
            switch judge(response, by: "the service account") {
            case .rejected(let rejection):
                .refused(
                    PasswordRefusal(
                        .notAllowed,
                        detail: "\(rejection.detail); the service account needs write access to the password there",
                        host: rejection.host
                    )
                )
            case let outcome:
                outcome
            }
        }
    }

    private func judge(_ response: ChangeResponse, by who: String) -> Outcome {
        let said =
            "result \(response.resultCode)"
            + (response.diagnosticMessage.isEmpty
                ? "" : ", “\(LogText.escaped(response.diagnosticMessage.prefix(300)))”")
            // insufficientAccessRights (RFC 4511 §A.2), where no rule for passwords is named.
            + (response.resultCode.rawValue == 50 && response.passwordPolicy?.error == nil
                ? "; \(who) needs write access to the password there" : "")
        switch PasswordChangeVerdict(response, kind: kind) {
        case .changed:
            return .changed(host: response.host)
        case .refused(let reason, let minimum):
            return .refused(PasswordRefusal(reason, minimumLength: minimum, detail: said, host: response.host))
        case .wrongOldPassword:
            return .rejected(Rejection(.wrongPassword, source: directory.id, detail: said, host: response.host))
        case .undecided(let hint):
            return .unavailable(directory.outage("\(response.host): \(said)\(hint.map { "; \($0)" } ?? "")"))
        }
    }
}
