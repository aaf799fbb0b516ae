public import Authentication
internal import LDAPClient
internal import Logging

extension Directory {
    /// Proves the old password with the one user bind, and changes it on the same connection; where the directory lets an
    /// expired password bind no more, on the service connection, with the old one beside the new one.
    public func changePassword(
        of account: SourceAccount,
        from old: Password,
        to new: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> PasswordChangeResult {
        guard !old.isEmpty else { return .rejected(Rejection(.emptyPassword, source: id)) }
        do throws(LDAPError) {
            switch try await locate(account, deadline) {
            case .failure(let refusal): return .rejected(refusal.rejection)
            case .success(let place):
                // What is read after the change, and at logins and refreshes, must come from the host that made it: others
                // hear of it later.
                return try await HostAffinity.with(place.name) { () async throws(LDAPError) in
                    await change(place, old, new, deadline, gate)
                }
            }
        } catch {
            return .unavailable(outage(error.message))
        }
    }

    private func change(
        _ place: Place,
        _ old: Password,
        _ new: Password,
        _ deadline: ContinuousClock.Instant,
        _ gate: any LoginGate
    ) async -> PasswordChangeResult {
        if let key = place.key, let answer = await gate.answer(insteadOf: key) { return Self.answer(answer) }
        let attempt = PasswordChangeAttempt(directory: self, place: place, old: old, new: new, deadline: deadline)
        switch await attempt.run() {
        case .changed(let host, let reading):
            let identity = await changed(place, host, reading, deadline)
            dnCache?.removeAll(of: identity.key.stableID)
            return .changed(identity)
        case .rejected(let rejection):
            return .rejected(rejection)
        case .refused(var refusal):
            refusal.identity = place.person.map { identity(of: $0, groups: [], host: refusal.host) }
            return .refused(refusal)
        case .unavailable(let outage):
            return .unavailable(outage)
        }
    }

    /// What the gate says in place of the directory; it lets nobody in.
    private static func answer(_ answer: AuthenticationResult) -> PasswordChangeResult {
        switch answer {
        case .rejected(let rejection): .rejected(rejection)
        case .unavailable(let outage): .unavailable(outage)
        case .authenticated(let identity): .rejected(Rejection(.other, key: identity.key))
        }
    }

    // MARK: Whose it is

    /// Where the entry is, and the person in it unless only the person can read it.
    struct Place: Sendable {
        var dn: String
        /// Nil for a name when only the person can read the entry.
        var key: IdentityKey?
        var person: Person?
        /// What the person was read from.
        var entry: LDAPEntry?
        var name: String
    }

    struct Refused: Error {
        var rejection: Rejection
    }

    private func locate(
        _ account: SourceAccount,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> Result<Place, Refused> {
        let lookup: PersonLookup
        switch account {
        case .known(let key, let locator):
            guard hasSearchingIdentity else {
                guard let dn = settings.attributes.idIsDN ? key.stableID : locator else {
                    return .failure(Refused(rejection: Rejection(.unknownUser, source: id, key: key)))
                }
                return .success(Place(dn: dn, key: key, name: dn))
            }
            lookup = try await find(key, locator, deadline)
        case .named(let typed):
            guard let names = UserNames(typed, domains: settings.domains, stripDomain: settings.stripDomain) else {
                return .failure(Refused(rejection: Rejection(.unknownUser, source: id)))
            }
            if let template = bindDN {
                let dn = template.dn(for: names)
                guard hasSearchingIdentity else { return .success(Place(dn: dn, name: names.username)) }
                lookup = try await read(dn: dn, by: hosts, deadline: deadline)
            } else {
                lookup = try await lookUp(names, deadline: deadline)
            }
        }
        switch lookup {
        case .refused(let rejection): return .failure(Refused(rejection: rejection))
        case .found(let person, let entry):
            let key = IdentityKey(source: id, stableID: person.stableID)
            return .success(Place(dn: person.dn, key: key, person: person, entry: entry, name: person.username))
        }
    }

    // MARK: Who it was

    /// Whatever was let pass at the session's login, about the old password, is past.
    private func identity(of person: Person, groups: [String]?, host: String?) -> Identity {
        var identity = identity(
            of: person,
            groups: groups ?? [],
            host: host,
            credentialState: CredentialState(value: person.credentialState)
        )
        identity.isPartial = groups == nil
        return identity
    }

    /// The person as the entry says now: what tells one password from the next has changed with it.
    ///
    /// The password is changed whatever becomes of reading that: at worst a session ends at its next refresh.
    private func changed(
        _ place: Place,
        _ host: String,
        _ reading: PasswordChangeAttempt.Reading?,
        _ deadline: ContinuousClock.Instant
    ) async -> Identity {
        if let reading { return identity(of: reading.person, groups: reading.groups, host: host) }
        if let known = place.person {
            guard case .found(let fresh, _)? = try? await read(dn: place.dn, by: hosts, deadline: deadline) else {
                return identity(of: known, groups: nil, host: host)
            }
            let groups = try? await memberships(of: fresh, by: hosts, deadline: deadline)
            return identity(of: fresh, groups: groups, host: host)
        }
        if place.key == nil {
            log.error(
                "A password was changed, but whose it was could not be read: end the sessions by hand",
                metadata: ["entry": "\(LogText.escaped(place.dn))"]
            )
        }
        var identity = Identity(
            key: place.key ?? IdentityKey(source: id, stableID: place.dn),
            sourceName: name,
            username: place.name,
            locator: place.dn,
            host: host
        )
        identity.isPartial = true
        return identity
    }
}

extension LDAPHostSettings {
    /// True when nobody between here and the server can read along.
    var isProtected: Bool { url.scheme != .ldap || startTLS || url.isLoopback }
}
