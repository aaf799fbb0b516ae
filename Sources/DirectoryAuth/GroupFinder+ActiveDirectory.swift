internal import LDAPClient
internal import Synchronization

/// What only Active Directory has: a rule that climbs, a list of all groups beside each person, and a primary group that
/// lists none of its members.
extension GroupFinder {
    /// LDAP_MATCHING_RULE_IN_CHAIN (MS-ADTS §3.1.1.3.4.4.3).
    static let inChainRule = "1.2.840.113556.1.4.1941"

    /// Mode `in-chain`: the server climbs, from the person and from the primary group.
    func inChain(
        _ person: Person,
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [Group] {
        let primary = try await primaryGroup(person, searcher, deadline).map { [$0] } ?? []
        let alternatives = ([person.dn] + primary.map(\.dn)).flatMap { dn in
            climbAttributes.map { attribute in
                LDAPFilter.extensible(attribute: attribute, dn: false, rule: Self.inChainRule, value: Array(dn.utf8))
            }
        }
        let found = try await entries(matching: alternatives, [settings.name], [], searcher, deadline)
        return found.compactMap(group) + primary.filter { !namesWithinBase([$0.dn]).isEmpty }
    }

    /// Mode `token-groups`: the SIDs that a logon on Windows would carry, and the groups below the base that have them.
    /// All others, those of other domains among them, are nobody's we could name.
    func tokenGroups(
        _ person: Person,
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [Group] {
        // Computed when it is read, and only by a read of the entry itself (MS-ADTS §3.1.1.4.5.19).
        let request = SearchRequest(base: person.dn, scope: .base, attributes: ["tokenGroups"])
        let entry = try await searcher.search(request, deadline: deadline).entries.first
        let identifiers = (entry?["tokenGroups"] ?? []).compactMap(SecurityIdentifier.init)
        // The primary group is in everybody's list: an empty one was withheld.
        guard !identifiers.isEmpty else {
            throw LDAPError(
                .result,
                "tokenGroups of \(person.dn) cannot be read: put the account that searches into the group “Windows "
                    + "Authorization Access Group”, or use another groups.mode",
                resultCode: .insufficientAccessRights
            )
        }
        return try await groups(identifiers, searcher, deadline)
    }

    private func groups(
        _ identifiers: [SecurityIdentifier],
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [Group] {
        var found: [Group] = []
        let now = ContinuousClock.now
        let unknown = identified.withLock { cache in
            identifiers.filter { identifier in
                guard let known = cache.value(for: identifier, now: now) else { return true }
                if let known { found.append(known) }
                return false
            }
        }
        for start in stride(from: 0, to: unknown.count, by: Self.chunk) {
            let some = Array(unknown[start..<min(start + Self.chunk, unknown.count)])
            let entries = try await entries(
                matching: some.map(\.filter),
                [settings.name, "objectSid"],
                [],
                searcher,
                deadline
            )
            found += remember(entries, some)
        }
        return found
    }

    private func remember(_ entries: [LDAPEntry], _ asked: [SecurityIdentifier]) -> [Group] {
        var byIdentifier: [SecurityIdentifier: Group] = [:]
        var isTold = true
        for entry in entries {
            guard let identifier = entry["objectSid"].first.flatMap(SecurityIdentifier.init) else {
                isTold = false
                continue
            }
            byIdentifier[identifier] = group(entry)
        }
        // Which of them is not there cannot be said while one entry hides which it is.
        if isTold {
            let now = ContinuousClock.now
            identified.withLock { cache in
                for identifier in asked { cache.insert(byIdentifier[identifier], for: identifier, now: now) }
            }
        }
        return entries.compactMap(group)
    }

    /// The groups of these names that lie inside the base and match the group filter: remembered, or found by one search
    /// (several when there are very many).
    func lookUp(
        _ names: Set<DistinguishedName>,
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [Group] {
        var found: [Group] = []
        let now = ContinuousClock.now
        let unknown = known.withLock { cache in
            names.filter { name in
                guard let group = cache.value(for: name, now: now) else { return true }
                if let group { found.append(group) }
                return false
            }
        }
        .sorted { $0.description < $1.description }
        for start in stride(from: 0, to: unknown.count, by: Self.chunk) {
            let some = Array(unknown[start..<min(start + Self.chunk, unknown.count)])
            let alternatives = some.map { name in
                LDAPFilter.equal(attribute: "distinguishedName", value: Array(name.description.utf8))
            }
            let groups = try await entries(matching: alternatives, groupAttributes, [], searcher, deadline)
                .compactMap(group)
            found += groups
            remember(groups, some)
        }
        return found
    }

    /// By parsed names: one may be spelt in one way in `memberOf` and in another as the entry's own.
    private func remember(_ groups: [Group], _ asked: [DistinguishedName]) {
        let parsed = groups.compactMap { group in (try? DistinguishedName(group.dn)).map { ($0, group) } }
        let byName = Dictionary(parsed, uniquingKeysWith: { first, _ in first })
        let now = ContinuousClock.now
        known.withLock { cache in
            for name in asked { cache.insert(byName[name], for: name, now: now) }
        }
    }

    /// The group that `primaryGroupID` names: it does not list the person, and may lie anywhere in the domain.
    func primaryGroup(
        _ person: Person,
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> Group? {
        guard let identifier = person.primaryGroup else { return nil }
        if let known = primaries.withLock({ $0.value(for: identifier, now: .now) }) { return known }
        let group = try await read(identifier.distinguishedName, searcher, deadline)
        primaries.withLock { $0.insert(group, for: identifier, now: .now) }
        return group
    }
}
