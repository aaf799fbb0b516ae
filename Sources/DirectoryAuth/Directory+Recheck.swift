public import Authentication
internal import LDAPClient

extension Directory {
    /// Looks at a person again by the DN known, and by the id where that leads nowhere.
    ///
    /// Absence counts only after a complete, successful search: every failure on the way there is an outage.
    public func recheck(
        _ key: IdentityKey,
        locator: String?,
        credentialState: String?,
        deadline: ContinuousClock.Instant
    ) async -> RecheckResult {
        guard hasSearchingIdentity else { return .impossible }
        do throws(LDAPError) {
            switch try await find(key, locator, deadline) {
            case .refused(var rejection):
                rejection.key = key
                return .ended(rejection)
            case .found(let person, let entry):
                if let (reason, detail) = AccountState.refusal(entry, kind: settings.kind, now: wallClock.now()) {
                    return .ended(Rejection(reason, source: id, key: key, detail: detail))
                }
                guard person.credentialState == credentialState else { return .passwordChanged }
                let groups = try await groups.groups(of: person, by: hosts, deadline: deadline)
                return .current(identity(of: person, groups: groups, host: nil))
            }
        } catch {
            return .unavailable(outage(error.message))
        }
    }

    private func find(
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
