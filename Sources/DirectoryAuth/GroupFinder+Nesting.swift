internal import LDAPClient
internal import Synchronization

/// Groups of groups, level by level.
///
/// The answers are taken apart by what tells whose parent each group is, so that the next person who shares a group with
/// this one needs no search for it.
extension GroupFinder {
    /// The groups that have one of these as a member: remembered, or found by one search (several when there are very many).
    func parents(
        of children: [Group],
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [Group] {
        if climbsByMemberOf { return try await lookUp(Set(children.flatMap(\.memberOf)), searcher, deadline) }
        var found: [Group] = []
        let now = ContinuousClock.now
        let unknown = parents.withLock { cache in
            children.filter { child in
                guard let known = cache.value(for: child.dn, now: now) else { return true }
                found += known
                return false
            }
        }
        for start in stride(from: 0, to: unknown.count, by: Self.chunk) {
            let some = Array(unknown[start..<min(start + Self.chunk, unknown.count)])
            found += try await searchParents(of: some, searcher, deadline)
        }
        return found
    }

    private func searchParents(
        of children: [Group],
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [Group] {
        let alternatives = climbAttributes.flatMap { attribute in
            children.map { LDAPFilter.equal(attribute: attribute, value: Array($0.dn.utf8)) }
        }
        // Who is whose parent needs no telling when there is one child.
        let mustTell = children.count > 1 && settings.cache > .zero
        let entries = try await entries(
            matching: alternatives,
            [settings.name] + (mustTell ? climbAttributes : []),
            mustTell ? [matchedValues(children)] : [],
            searcher,
            deadline
        )
        return remember(entries, children)
    }

    private func matchedValues(_ children: [Group]) -> LDAPControl {
        MatchedValues.control(attributes: climbAttributes, values: children.map(\.dn), whole: settings.name)
    }

    private func remember(_ entries: [LDAPEntry], _ children: [Group]) -> [Group] {
        let groups = entries.compactMap(group)
        guard settings.cache > .zero else { return groups }
        var byChild = Dictionary(children.map { ($0.dn, [Group]()) }, uniquingKeysWith: { first, _ in first })
        if children.count == 1 {
            byChild[children[0].dn] = groups
        } else if !attribute(entries, &byChild) {
            return groups
        }
        let now = ContinuousClock.now
        parents.withLock { cache in
            for (child, parents) in byChild { cache.insert(parents, for: child, now: now) }
        }
        return groups
    }

    /// Says which entry is whose parent by its members; false when that cannot be told for one of them (the attribute may be
    /// searched but not read), and then nothing is remembered.
    private func attribute(_ entries: [LDAPEntry], _ byChild: inout [String: [Group]]) -> Bool {
        let parsed = Dictionary(
            byChild.keys.compactMap { child in (try? DistinguishedName(child)).map { ($0, child) } },
            uniquingKeysWith: { first, _ in first }
        )
        for entry in entries {
            guard let group = group(entry) else { continue }
            var isTold = false
            for value in climbAttributes.flatMap({ entry[$0] }) {
                guard let text = String(validating: value, as: UTF8.self), let dn = try? DistinguishedName(text),
                    let child = parsed[dn]
                else { continue }
                byChild[child]?.append(group)
                isTold = true
            }
            guard isTold else { return false }
        }
        return true
    }
}
