public import Authentication
internal import LDAPClient

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
        // A bind in clear text may have been allowed on purpose; that new passwords travel so never is.
        await hosts.keeper.awaitHosts()
        guard hosts.roster.hosts.allSatisfy(\.settings.isProtected) else {
            return .refused(PasswordRefusal(.notAllowed, detail: "\(name): urls would send it in clear text"))
        }
        do throws(LDAPError) {
            let place: Place
            switch try await locate(account, deadline) {
            case .failure(let refusal): return .rejected(refusal.rejection)
            case .success(let found): place = found
            }
            if let person = place.person {
                let key = IdentityKey(source: id, stableID: person.stableID)
                if let answer = await gate.answer(insteadOf: key) { return Self.answer(answer) }
            }
            let attempt = PasswordChangeAttempt(directory: self, dn: place.dn, old: old, new: new, deadline: deadline)
            switch await attempt.run(place.person) {
            case .changed(let host):
                forget(place)
                return .changed(await changed(place, host, deadline))
            case .rejected(let rejection):
                return .rejected(rejection)
            case .refused(var refusal):
                refusal.identity = place.person.map { identity(of: $0, host: refusal.host) }
                return .refused(refusal)
            case .unavailable(let outage):
                return .unavailable(outage)
            }
        } catch {
            return .unavailable(outage(error.message))
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

    /// Where the entry is, and the person in it unless only the person can read it.
    struct Place {
        var dn: String
        var person: Person?
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
                return .success(Place(dn: dn, name: dn))
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
        case .found(let person, _):
            return .success(Place(dn: person.dn, person: person, name: person.username))
        }
    }

    /// Whatever was let pass at the session's login, about the old password, is past.
    private func identity(of person: Person, groups: [String] = [], host: String?) -> Identity {
        identity(
            of: person,
            groups: groups,
            host: host,
            credentialState: CredentialState(value: person.credentialState)
        )
    }

    private func forget(_ place: Place) {
        guard let person = place.person else { return }
        dnCache?.removeAll(of: person.stableID)
    }

    /// The person as the entry says now: what tells one password from the next has changed with it.
    private func changed(_ place: Place, _ host: String, _ deadline: ContinuousClock.Instant) async -> Identity {
        var person = place.person
        var groups: [String] = []
        if hasSearchingIdentity {
            // The password is changed whatever becomes of this: at worst a session ends at its next refresh.
            if case .found(let fresh, _)? = try? await read(dn: place.dn, by: hosts, deadline: deadline) {
                person = fresh
            }
            if let person { groups = (try? await memberships(of: person, by: hosts, deadline: deadline)) ?? [] }
        }
        if let person { return identity(of: person, groups: groups, host: host) }
        return Identity(
            key: IdentityKey(source: id, stableID: place.dn),
            sourceName: name,
            username: place.name,
            locator: place.dn,
            host: host
        )
    }
}

extension LDAPHostSettings {
    /// True when nobody between here and the server can read along.
    var isProtected: Bool { url.scheme != .ldap || startTLS || url.isLoopback }
}
