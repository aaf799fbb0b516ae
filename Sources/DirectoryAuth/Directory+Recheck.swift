public import Authentication
internal import LDAPClient

extension Directory {
    /// Looks at a person again by the DN known, and by the id where that leads nowhere.
    ///
    /// Absence counts only after a complete, successful search: every failure on the way there is an outage. Questions about
    /// the same person at the same time are asked once.
    public func recheck(
        _ key: IdentityKey,
        username: String,
        locator: String?,
        credentialState: String?,
        deadline: ContinuousClock.Instant
    ) async -> RecheckResult {
        guard hasSearchingIdentity else { return .impossible }
        let question = RecheckFlights.Question(key: key, locator: locator, credentialState: credentialState)
        return await rechecks.answer(question) {
            do throws(LDAPError) {
                // Where the session began, and where the password is changed: other hosts hear of that later.
                return try await HostAffinity.with(username) { () async throws(LDAPError) in
                    try await self.recheck(key, locator, CredentialState(text: credentialState), deadline)
                }
            } catch {
                return .unavailable(self.outage(error.message))
            }
        }
    }

    private func recheck(
        _ key: IdentityKey,
        _ locator: String?,
        _ began: CredentialState,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> RecheckResult {
        switch try await find(key, locator, deadline) {
        case .refused(var rejection):
            rejection.key = key
            return .ended(rejection)
        case .found(let person, let entry):
            if let finding = try await finding(entry, began, deadline) {
                return .ended(Rejection(finding.reason, source: id, key: key, detail: finding.detail))
            }
            guard person.credentialState == began.value else { return .passwordChanged }
            let groups = try await memberships(of: person, by: hosts, deadline: deadline)
            return .current(identity(of: person, groups: groups, host: nil, credentialState: began))
        }
    }

    /// What speaks against the account, other than what the directory let pass when the session began.
    func finding(
        _ entry: LDAPEntry,
        _ began: CredentialState,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> AccountState.Finding? {
        let policies =
            AccountState.dependsOnPolicy(entry, kind: settings.kind)
            ? try await policies.policies(of: entry, by: hosts, deadline: deadline) : []
        return AccountState.findings(entry, kind: settings.kind, policies: policies, now: wallClock.now())
            .first { !began.accepted.contains($0.reason) }
    }

    func find(
        _ key: IdentityKey,
        _ locator: String?,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> PersonLookup {
        let idIsDN = settings.attributes.idIsDN
        var last = PersonLookup.refused(
            Rejection(.unknownUser, source: id, detail: "nothing is known of where the entry was")
        )
        if let dn = idIsDN ? key.stableID : locator {
            last = try await read(dn: dn, by: hosts, deadline: deadline)
            if case .found(let person, _) = last {
                if isSame(person, key), isWithinUserBase(person) { return last }
                // Somebody else has that DN now, or it was moved out of reach.
                last = .refused(
                    Rejection(.unknownUser, source: id, detail: "\(dn) is another person, or outside user_base")
                )
            } else if case .refused(let rejection) = last, rejection.reason != .unknownUser {
                return last
            }
        }
        guard !idIsDN, userBase != nil else { return last }
        let found = try await lookUp(stableID: key.stableID, deadline: deadline)
        guard case .found(let person, _) = found, !isSame(person, key) else { return found }
        return .refused(Rejection(.unknownUser, source: id, detail: "no entry below \(settings.userBase) has this id"))
    }

    private func isSame(_ person: Person, _ key: IdentityKey) -> Bool {
        if person.stableID == key.stableID { return true }
        guard settings.attributes.idIsDN, let one = try? DistinguishedName(person.stableID),
            let other = try? DistinguishedName(key.stableID)
        else { return false }
        return one == other
    }

    private func isWithinUserBase(_ person: Person) -> Bool {
        guard let userBase else { return true }
        guard let dn = try? DistinguishedName(person.dn) else { return false }
        return dn.isWithin(userBase)
    }
}
