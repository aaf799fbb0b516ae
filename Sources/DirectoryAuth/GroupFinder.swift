internal import Authentication
internal import LDAPClient
internal import Synchronization

/// Finds the groups of a person.
///
/// Groups of groups are found level by level, one search a level for all groups whose parents are not remembered. Their
/// answers are taken apart by the values with which each parent names its children, so that the next person who shares a
/// group with this one needs no search for it.
final class GroupFinder: Sendable {
    /// A group as far as tokens care.
    struct Group: Sendable, Hashable {
        /// As the server spells it.
        var dn: String
        var name: String
    }

    private let settings: DirectoryGroups
    private let base: DistinguishedName?
    private let filter: LDAPFilter
    let matchers: [GroupMatcher]
    /// Those attributes of groups that hold DNs: what is climbed by.
    private let climbAttributes: [String]
    private let parents: Mutex<LRUCache<String, [Group]>>
    private let names: Mutex<LRUCache<String, String>>

    /// How many children one filter may name: servers limit the size of a filter.
    static let chunk = 100
    /// How many groups are remembered.
    static let capacity = 50_000

    init(_ settings: DirectoryGroups) throws(DirectorySettingsError) {
        try Self.checkAvailability(settings)
        self.settings = settings
        if let base = settings.base {
            do throws(LDAPError) { self.base = try DistinguishedName(base) } catch {
                throw DirectorySettingsError(.invalid, key: "groups.base", error.message)
            }
        } else {
            base = nil
        }
        do throws(LDAPError) { filter = try LDAPFilter(parsing: settings.filter) } catch {
            throw DirectorySettingsError(.invalid, key: "groups.filter", error.message)
        }
        var matchers: [GroupMatcher] = []
        for text in settings.match { matchers.append(try GroupMatcher(text)) }
        self.matchers = matchers
        climbAttributes = matchers.filter { $0.userAttribute == nil }.map(\.groupAttribute)
        parents = Mutex(LRUCache(capacity: Self.capacity, lifetime: settings.cache))
        names = Mutex(LRUCache(capacity: Self.capacity, lifetime: settings.cache))
    }

    private static func checkAvailability(_ settings: DirectoryGroups) throws(DirectorySettingsError) {
        switch settings.mode {
        case .none: return
        case .inChain, .tokenGroups:
            throw DirectorySettingsError(
                .notAvailable,
                key: "groups.mode",
                "\(settings.mode.rawValue) is not available in this version; use search or member-of"
            )
        case .search:
            guard !settings.match.isEmpty else {
                throw DirectorySettingsError(
                    .missing,
                    key: "groups.match",
                    "name how groups name people, like dn:member"
                )
            }
            guard settings.base != nil else {
                throw DirectorySettingsError(
                    .missing,
                    key: "groups.base",
                    "say where groups are searched, or groups.mode = \"none\""
                )
            }
        case .memberOf:
            guard settings.base != nil || !settings.nested else {
                throw DirectorySettingsError(
                    .missing,
                    key: "groups.base",
                    "say where groups of groups are searched, or groups.nested = false"
                )
            }
        }
        guard AttributeName.isValid(settings.name) else {
            throw DirectorySettingsError(.invalid, key: "groups.name", "“\(settings.name)” is no attribute")
        }
    }

    /// The names of all groups of a person, sorted, each once.
    func groups(
        of person: Person,
        by searcher: some DirectorySearching,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [String] {
        let direct: [Group]
        switch settings.mode {
        case .none, .inChain, .tokenGroups: return []
        case .search: direct = try await searched(person, searcher, deadline)
        case .memberOf: direct = try await listed(person, searcher, deadline)
        }
        var found = Set(direct.map(\.name))
        if settings.nested, !climbAttributes.isEmpty {
            var climb = GroupClimb(from: direct, maxDepth: settings.maxDepth)
            while let level = climb.next {
                climb.add(try await parents(of: level, searcher, deadline))
            }
            found.formUnion(climb.names)
        }
        return found.sorted()
    }

    private func searched(
        _ person: Person,
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [Group] {
        let alternatives = zip(matchers, person.matchValues).flatMap { matcher, values in
            values.map { LDAPFilter.equal(attribute: matcher.groupAttribute, value: $0) }
        }
        guard !alternatives.isEmpty else { return [] }
        return try await entries(matching: alternatives, [settings.name], [], searcher, deadline).compactMap(group)
    }

    /// Entries below the base that match the group filter and one of the alternatives, in pages.
    private func entries(
        matching alternatives: [LDAPFilter],
        _ attributes: [String],
        _ controls: [LDAPControl],
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [LDAPEntry] {
        let anyOf = alternatives.count == 1 ? alternatives[0] : .or(alternatives)
        let request = SearchRequest(
            base: settings.base ?? "",
            filter: .and([filter, anyOf]),
            attributes: attributes,
            pageSize: 1000,
            controls: controls
        )
        return try await searcher.search(request, deadline: deadline).entries
    }

    private func group(_ entry: LDAPEntry) -> Group? {
        // A group without a name that we may read cannot be told to anybody.
        guard let text = entry.text(settings.name) else { return nil }
        let name = UsernameFolding.trimmingBlanks(text)
        return name.isEmpty ? nil : Group(dn: entry.dn, name: String(name))
    }
}

// MARK: - member-of

extension GroupFinder {
    /// The groups of `memberOf`, without those outside the base. The name is the RDN's where that is the attribute it is
    /// taken from, else it is read.
    private func listed(
        _ person: Person,
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [Group] {
        var groups: [Group] = []
        for text in person.memberOf {
            // A value that is no DN names no group.
            guard let dn = try? DistinguishedName(text), base.map({ dn.isWithin($0) }) ?? true else { continue }
            if let name = dn.rdnValue(settings.name) {
                groups.append(Group(dn: text, name: name))
            } else if let name = try await readName(text, searcher, deadline) {
                groups.append(Group(dn: text, name: name))
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
        let request = SearchRequest(base: dn, scope: .base, filter: filter, attributes: [settings.name])
        let entries: [LDAPEntry]
        do throws(LDAPError) {
            entries = try await searcher.search(request, deadline: deadline).entries
        } catch {
            // memberOf is not always kept up: a group that is gone is none.
            guard error.resultCode == .noSuchObject else { throw error }
            return nil
        }
        guard let name = entries.first.flatMap(group)?.name else { return nil }
        names.withLock { $0.insert(name, for: dn, now: .now) }
        return name
    }
}

// MARK: - Nested groups

extension GroupFinder {
    /// The groups that have one of these as a member: remembered, or found by one search (several when there are very many).
    private func parents(
        of children: [String],
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [Group] {
        var found: [Group] = []
        let now = ContinuousClock.now
        let unknown = parents.withLock { cache in
            children.filter { child in
                guard let known = cache.value(for: child, now: now) else { return true }
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
        of children: [String],
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [Group] {
        let alternatives = climbAttributes.flatMap { attribute in
            children.map { LDAPFilter.equal(attribute: attribute, value: Array($0.utf8)) }
        }
        // Who is whose parent needs no telling when there is one child.
        let mustTell = children.count > 1 && settings.cache > .zero
        let entries = try await entries(
            matching: alternatives,
            [settings.name] + (mustTell ? climbAttributes : []),
            mustTell
                ? [MatchedValues.control(attributes: climbAttributes, values: children, whole: settings.name)] : [],
            searcher,
            deadline
        )
        return remember(entries, children)
    }

    private func remember(_ entries: [LDAPEntry], _ children: [String]) -> [Group] {
        let groups = entries.compactMap(group)
        guard settings.cache > .zero else { return groups }
        var byChild = Dictionary(children.map { ($0, [Group]()) }, uniquingKeysWith: { first, _ in first })
        if children.count == 1 {
            byChild[children[0]] = groups
        } else if !Self.attribute(entries, to: children, by: climbAttributes, group, &byChild) {
            return groups
        }
        let now = ContinuousClock.now
        parents.withLock { cache in
            for (child, parents) in byChild { cache.insert(parents, for: child, now: now) }
        }
        return groups
    }

    /// Says which entry is whose parent; false when that cannot be told for one of them (the attribute may be searched
    /// but not read, or came in part), and then nothing is remembered.
    private static func attribute(
        _ entries: [LDAPEntry],
        to children: [String],
        by attributes: [String],
        _ group: (LDAPEntry) -> Group?,
        _ byChild: inout [String: [Group]]
    ) -> Bool {
        let parsed = Dictionary(
            children.compactMap { child in (try? DistinguishedName(child)).map { ($0, child) } },
            uniquingKeysWith: { first, _ in first }
        )
        for entry in entries {
            guard let group = group(entry) else { continue }
            var isTold = false
            for value in attributes.flatMap({ entry[$0] }) {
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
