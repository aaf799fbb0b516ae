internal import LDAPClient
internal import Synchronization

/// Mode `member-of`.
extension GroupFinder {
    /// The groups of `memberOf`, without those outside the base. The name is the RDN's where that is the attribute it is
    /// taken from, else it is read.
    func listed(
        _ person: Person,
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [Group] {
        if climbsByMemberOf { return try await lookUp(Set(namesWithinBase(person.memberOf)), searcher, deadline) }
        var groups: [Group] = []
        for group in listedWithinBase(person.memberOf) {
            let dn = group.dn.description
            if let name = group.name {
                groups.append(Group(dn: dn, name: name))
            } else if let name = try await readName(dn, searcher, deadline) {
                groups.append(Group(dn: dn, name: name))
            }
        }
        return groups
    }

    private func readName(
        _ dn: String,
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> String? {
        if let name = names.withLock({ $0.value(for: dn, now: .now) }) { return name }
        guard let name = try await read(dn, searcher, deadline)?.name else { return nil }
        names.withLock { $0.insert(name, for: dn, now: .now) }
        return name
    }

    /// The group of a name; nil when there is none that matches the group filter.
    func read(
        _ dn: String,
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> Group? {
        let request = SearchRequest(base: dn, scope: .base, filter: filter, attributes: groupAttributes)
        do throws(LDAPError) {
            return try await searcher.search(request, deadline: deadline).entries.first.flatMap(group)
        } catch {
            // memberOf is not always kept up: a group that is gone is none.
            guard error.resultCode == .noSuchObject else { throw error }
            return nil
        }
    }
}
