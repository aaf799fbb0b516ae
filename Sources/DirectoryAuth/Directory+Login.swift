public import Authentication
internal import LDAPClient

extension Directory {
    /// Looks the person up, binds once, and tells who it is.
    public func authenticate(
        _ username: String,
        password: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> AuthenticationResult {
        // RFC 4513 §5.1.2; on Active Directory it would count as a failure and lock the account.
        guard !password.isEmpty else { return .rejected(Rejection(.emptyPassword, source: id)) }
        guard let names = UserNames(username, domains: settings.domains, stripDomain: settings.stripDomain) else {
            let detail = "the name is empty, longer than \(UserNames.lengthLimit) octets or holds NUL"
            return .rejected(Rejection(.unknownUser, source: id, detail: detail))
        }
        let attempt = LoginAttempt(directory: self, names: names, password: password, deadline: deadline, gate: gate)
        do throws(LDAPError) {
            return try await attempt.run()
        } catch {
            return .unavailable(outage(error.message))
        }
    }

    /// An outage of this directory alone.
    func outage(_ detail: String) -> Outage {
        Outage(sources: [id], detail: "\(name): \(detail)")
    }

    /// The names of a person's groups.
    func memberships(
        of person: Person,
        by searcher: some DirectorySearching,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [String] {
        // No phase of a login where nobody asks for any.
        guard settings.groups.mode != .none else { return [] }
        let start = ContinuousClock.now
        defer { phases.record(.groups, since: start) }
        return try await groups.groups(of: person, by: searcher, deadline: deadline)
    }

    /// Groups, the error as a value, for a task that runs beside a bind.
    func groupsResult(_ person: Person, deadline: ContinuousClock.Instant) async -> Result<[String], LDAPError> {
        do throws(LDAPError) {
            return .success(try await memberships(of: person, by: hosts, deadline: deadline))
        } catch { return .failure(error) }
    }

    /// The identity of a person who was let in just now.
    func identity(of person: Person, groups: [String], letIn: Acceptance) -> Identity {
        let state = letIn.credentialState(of: person)
        var identity = identity(of: person, groups: groups, host: letIn.host, credentialState: state)
        identity.notice = letIn.notice
        return identity
    }

    /// The identity of a person who was let in, or is still welcome.
    ///
    /// - Parameter credentialState: of the login at which the session begins, or began.
    func identity(
        of person: Person,
        groups: [String],
        host: String?,
        credentialState: CredentialState
    ) -> Identity {
        Identity(
            key: IdentityKey(source: id, stableID: person.stableID),
            sourceName: name,
            username: person.username,
            firstName: person.firstName,
            lastName: person.lastName,
            displayName: person.displayName,
            email: person.email,
            groups: groups,
            mappedUserID: person.mappedUserID,
            locator: person.dn,
            credentialState: credentialState.text,
            host: host
        )
    }
}
