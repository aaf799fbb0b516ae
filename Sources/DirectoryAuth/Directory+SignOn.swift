public import Authentication
internal import LDAPClient

extension Directory {
    /// Looks up the person a Kerberos realm vouches for, on the service connection, and reads the state of the account.
    public func authenticate(
        _ principal: SignOnPrincipal,
        deadline: ContinuousClock.Instant
    ) async -> AuthenticationResult {
        guard hasSearchingIdentity else {
            return .unavailable(outage("nobody may search for \(LogText.escaped(principal.name)): set bind_dn"))
        }
        let name = principal.name
        guard !name.isEmpty, name.utf8.count <= UserNames.lengthLimit, !name.utf8.contains(0) else {
            return .rejected(Rejection(.unknownUser, source: id, detail: "no person has such a name"))
        }
        do throws(LDAPError) {
            return try await HostAffinity.with(name) { () async throws(LDAPError) in
                let lookup = try await lookUp(principal, deadline: deadline)
                return try await atOwnHosts(of: lookup, deadline: deadline) { (lookup) async throws(LDAPError) in
                    try await judged(lookup, deadline)
                }
            }
        } catch {
            return .unavailable(outage(error.message))
        }
    }

    private func judged(
        _ lookup: PersonLookup,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> AuthenticationResult {
        switch lookup {
        case .refused(let rejection):
            return .rejected(rejection)
        case .found(let person, let entry):
            let state = CredentialState(value: person.credentialState)
            if let finding = try await finding(entry, state, deadline) {
                let key = IdentityKey(source: id, stableID: person.stableID)
                return .rejected(
                    Rejection(finding.reason, source: id, passwordProved: true, key: key, detail: finding.detail)
                )
            }
            let groups = try await memberships(of: person, by: hosts, deadline: deadline)
            return .authenticated(identity(of: person, groups: groups, host: nil, credentialState: state))
        }
    }

    private func lookUp(
        _ principal: SignOnPrincipal,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> PersonLookup {
        if userBase == nil, let template = bindDN {
            guard let names = UserNames(principal.name, domains: [], stripDomain: false) else {
                return .refused(Rejection(.unknownUser, source: id, detail: "no person has such a name"))
            }
            return try await read(dn: template.dn(for: names), by: hosts, deadline: deadline)
        }
        return try await lookUp(
            PrincipalFilter.filter(principal, kind: settings.kind, username: settings.attributes.username),
            deadline: deadline
        ) {
            "no entry below \(self.settings.userBase) is \(LogText.escaped(principal.description)) and matches user_filter"
        }
    }
}
