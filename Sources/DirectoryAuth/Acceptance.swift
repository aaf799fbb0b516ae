internal import Authentication
internal import LDAPClient

/// A bind that succeeded, and what the server said beside it.
struct Acceptance: Sendable, Hashable {
    /// Who answered.
    let host: String
    /// What it said of the password; nil when nothing.
    let policy: PasswordPolicyControl?

    init(_ response: BindResponse) {
        host = response.host
        policy = response.passwordPolicy
    }

    /// What the session that begins keeps of the password.
    func credentialState(of person: Person) -> CredentialState {
        var accepted = person.passwordFindings
        // A grace login: the password has expired, whatever the entry shows of it.
        if policy?.graceAuthNsRemaining != nil { accepted.insert(.passwordExpired) }
        return CredentialState(value: person.credentialState, accepted: accepted)
    }

    /// Warnings, for the audit line; nil when there are none.
    var notice: String? {
        guard let policy else { return nil }
        if let left = policy.graceAuthNsRemaining { return "the password has expired; grace logins left: \(left)" }
        return policy.timeBeforeExpiration.map { "the password expires in \($0) s" }
    }
}
