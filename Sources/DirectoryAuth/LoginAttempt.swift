internal import Authentication
internal import LDAPClient

/// One login: the phases of it in order, and what runs beside what.
struct LoginAttempt: Sendable {
    let directory: Directory
    let names: UserNames
    let password: Password
    let deadline: ContinuousClock.Instant
    let gate: any LoginGate

    /// What came of the one user bind.
    private enum Bound: Sendable {
        case accepted(Acceptance)
        case refused(BindRefusal)
        case unavailable(Outage)
    }

    /// The search, the groups and the bind of one person go to the same host, as long as it answers.
    func run() async throws(LDAPError) -> AuthenticationResult {
        if let template = directory.bindDN {
            let dn = template.dn(for: names)
            return try await HostAffinity.with(names.username) { () async throws(LDAPError) in
                directory.hasSearchingIdentity ? try await bindThenRead(dn) : await bindAndReadAsPerson(dn)
            }
        }
        if let record = directory.dnCache?.record(for: cacheKey, now: .now) {
            return try await HostAffinity.with(record.person.username) { () async throws(LDAPError) in
                try await remembered(record)
            }
        }
        return try await HostAffinity.with(names.username) { () async throws(LDAPError) in
            try await found(directory.lookUp(names, deadline: deadline))
        }
    }

    private func found(_ lookup: PersonLookup) async throws(LDAPError) -> AuthenticationResult {
        try await directory.atOwnHosts(of: lookup, deadline: deadline, searched)
    }

    // MARK: Search, then bind

    private func searched(_ lookup: PersonLookup) async throws(LDAPError) -> AuthenticationResult {
        switch lookup {
        case .refused(let rejection): return .rejected(rejection)
        case .found(let person, let entry):
            let (bound, groups) = try await bindBesideGroups(person)
            switch bound {
            case .accepted(let letIn):
                directory.dnCache?.insert(person, password: password, for: cacheKey, now: .now)
                return .authenticated(directory.identity(of: person, groups: groups, letIn: letIn))
            case .refused(let refusal):
                return .rejected(await directory.explain(refusal, of: person.dn, before: entry, deadline: deadline))
            case .unavailable(let outage): return .unavailable(outage)
            }
        }
    }

    /// Binds as the person. Groups are fetched beside the bind and told to nobody before it has succeeded.
    private func bindBesideGroups(_ person: Person) async throws(LDAPError) -> (Bound, groups: [String]) {
        // Without groups there is nothing to do beside it, and a task costs something.
        guard directory.settings.groups.mode != .none else { return (await bind(person.dn, person), []) }
        async let groups = directory.groupsResult(person, deadline: deadline)
        let bound = await bind(person.dn, person)
        guard case .accepted = bound else { return (bound, []) }
        return (bound, try await groups.get())
    }

    private var cacheKey: String {
        // NUL is in no name that got here.
        directory.userFilter.usesLogin ? "\(names.username)\0\(names.login)" : names.username
    }

    // MARK: A name seen a moment ago

    /// Binds with the DN remembered. Where that is refused, the entry is looked up afresh, and only when the name leads to
    /// another DN by now is that one bound too: so no entry ever sees two binds for one attempt.
    private func remembered(_ record: DNCache.Record) async throws(LDAPError) -> AuthenticationResult {
        let isTrusted =
            record.proof == DNCache.proof(of: password) && directory.settings.groups.mode != .memberOf
        return isTrusted ? try await trusted(record) : try await doubted(record)
    }

    private func trusted(_ record: DNCache.Record) async throws(LDAPError) -> AuthenticationResult {
        let (bound, groups) = try await bindBesideGroups(record.person)
        switch bound {
        case .accepted(let letIn):
            return .authenticated(directory.identity(of: record.person, groups: groups, letIn: letIn))
        case .refused(let refusal):
            guard Self.mayBeStale(refusal.rejection) else { return .rejected(refusal.rejection) }
            let fresh = try await directory.lookUp(names, deadline: deadline)
            return try await compare(fresh, isAfterBind: true, refusal, record)
        case .unavailable(let outage): return .unavailable(outage)
        }
    }

    /// The password is not the one the entry was read with, or its groups are in it: the entry is read beside the bind.
    private func doubted(_ record: DNCache.Record) async throws(LDAPError) -> AuthenticationResult {
        async let fresh = directory.lookUpResult(names, deadline: deadline)
        switch await bind(record.person.dn, record.person) {
        case .accepted(let letIn): return try await renew(record, fresh.get(), letIn)
        case .refused(let refusal):
            guard Self.mayBeStale(refusal.rejection) else { return .rejected(refusal.rejection) }
            return try await compare(fresh.get(), isAfterBind: false, refusal, record)
        case .unavailable(let outage): return .unavailable(outage)
        }
    }

    /// The bind succeeded; who it was is taken from the entry as it is now.
    private func renew(
        _ record: DNCache.Record,
        _ fresh: PersonLookup,
        _ letIn: Acceptance
    ) async throws(LDAPError) -> AuthenticationResult {
        switch fresh {
        case .found(let person, _) where person.dn == record.person.dn:
            let groups = try await directory.memberships(of: person, by: directory.hosts, deadline: deadline)
            directory.dnCache?.insert(person, password: password, for: cacheKey, now: .now)
            return .authenticated(directory.identity(of: person, groups: groups, letIn: letIn))
        case .found(let person, _):
            // Renamed between the two requests: which entry was bound, nobody can say.
            directory.dnCache?.remove(cacheKey)
            return .unavailable(directory.outage("\(record.person.dn) became \(person.dn) during the login"))
        case .refused(let rejection):
            directory.dnCache?.remove(cacheKey)
            return .rejected(rejection)
        }
    }

    /// - Parameter isAfterBind: whether the entry was read when the bind was over, and not beside it.
    private func compare(
        _ fresh: PersonLookup,
        isAfterBind: Bool,
        _ refusal: BindRefusal,
        _ record: DNCache.Record
    ) async throws(LDAPError) -> AuthenticationResult {
        if case .found(let person, let entry) = fresh, person.dn == record.person.dn {
            let after = isAfterBind ? entry : nil
            return .rejected(await directory.explain(refusal, of: person.dn, after: after, deadline: deadline))
        }
        directory.dnCache?.remove(cacheKey)
        return try await found(fresh)
    }

    /// Whether the refusal may come from the DN leading nowhere by now. A server that knows of a lock or an expiry knows
    /// the entry.
    private static func mayBeStale(_ rejection: Rejection) -> Bool {
        switch rejection.reason {
        case .wrongPassword, .unknownUser, .other: rejection.host != nil
        default: false
        }
    }

    // MARK: A DN by template

    private func bindThenRead(_ dn: String) async throws(LDAPError) -> AuthenticationResult {
        switch await bind(dn, nil) {
        case .accepted(let letIn):
            let lookup = try await directory.read(dn: dn, by: directory.hosts, deadline: deadline)
            guard case .found(let person, _) = lookup else { return Self.refusal(lookup) }
            let groups = try await directory.memberships(of: person, by: directory.hosts, deadline: deadline)
            return .authenticated(directory.identity(of: person, groups: groups, letIn: letIn))
        case .refused(let refusal):
            return .rejected(await directory.explain(refusal, of: dn, deadline: deadline))
        case .unavailable(let outage): return .unavailable(outage)
        }
    }

    /// Without an account to search with, the person reads the own entry and groups on the own connection.
    private func bindAndReadAsPerson(_ dn: String) async -> AuthenticationResult {
        let start = ContinuousClock.now
        let outcome = await directory.hosts.bind(dn: dn, password: password, deadline: deadline) { response, lease in
            directory.phases.record(.bind, since: start)
            // Anything but a plain success, "must change" above all, may not search.
            guard BindVerdict(response, kind: directory.settings.kind) == .accepted else {
                return AuthenticationResult?.none
            }
            return await readAsPerson(dn, LeaseSearcher(lease: lease), Acceptance(response))
        }
        switch outcome {
        case .unavailable(let why): return .unavailable(directory.outage(why))
        case .answered(let response, let result):
            if let result { return result }
            switch judge(response, nil) {
            case .refused(let refusal): return .rejected(refusal.rejection)
            case .unavailable(let outage): return .unavailable(outage)
            case .accepted: return .unavailable(directory.outage("the person could not be read"))
            }
        }
    }

    private func readAsPerson(_ dn: String, _ searcher: LeaseSearcher, _ letIn: Acceptance) async
        -> AuthenticationResult
    {
        do throws(LDAPError) {
            let lookup = try await directory.read(dn: dn, by: searcher, deadline: deadline)
            guard case .found(let person, _) = lookup else { return Self.refusal(lookup) }
            let groups = try await directory.memberships(of: person, by: searcher, deadline: deadline)
            return .authenticated(directory.identity(of: person, groups: groups, letIn: letIn))
        } catch {
            return .unavailable(directory.outage(error.message))
        }
    }

    /// The bind succeeded, so the person is there: an entry that cannot be read is no unknown user, who would be looked for
    /// elsewhere.
    private static func refusal(_ lookup: PersonLookup) -> AuthenticationResult {
        guard case .refused(var rejection) = lookup else { return .rejected(Rejection(.other)) }
        if rejection.reason == .unknownUser {
            rejection.reason = .other
            rejection.detail =
                "the bind succeeded, but the entry cannot be read or does not match user_filter: \(rejection.detail)"
        }
        return .rejected(rejection)
    }

    // MARK: The bind

    private func bind(_ dn: String, _ person: Person?) async -> Bound {
        if let person {
            // No connection is held yet: the gate may keep an attempt waiting.
            switch await gate.answer(insteadOf: IdentityKey(source: directory.id, stableID: person.stableID)) {
            case .rejected(let rejection): return .refused(BindRefusal(rejection: rejection))
            case .unavailable(let outage): return .unavailable(outage)
            case .authenticated, nil: break
            }
        }
        let start = ContinuousClock.now
        defer { directory.phases.record(.bind, since: start) }
        switch await directory.hosts.bind(dn: dn, password: password, deadline: deadline) {
        case .answered(let response, _): return judge(response, person)
        case .unavailable(let why): return .unavailable(directory.outage(why))
        }
    }

    private func judge(_ response: BindResponse, _ person: Person?) -> Bound {
        switch BindVerdict(response, kind: directory.settings.kind) {
        case .accepted: return .accepted(Acceptance(response))
        case .refused(let reason, let passwordProved):
            let rejection = Rejection(
                reason,
                source: directory.id,
                passwordProved: passwordProved,
                key: person.map { IdentityKey(source: directory.id, stableID: $0.stableID) },
                detail: response.said,
                host: response.host
            )
            return .refused(BindRefusal(response, rejection, kind: directory.settings.kind))
        case .hostUnavailable: return .unavailable(directory.outage("\(response.host): \(response.said)"))
        case .undecided(let hint):
            return .unavailable(directory.outage("\(response.host): \(response.said); \(hint)"))
        }
    }
}
