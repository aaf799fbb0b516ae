internal import Authentication
internal import LDAPClient
internal import Synchronization

/// Finds the groups of a person.
///
/// Groups of groups are found level by level, one search a level for all groups whose parents are not remembered (see
/// `GroupFinder+Nesting`), or by Active Directory itself (`GroupFinder+ActiveDirectory`).
final class GroupFinder: Sendable {
    /// A group as far as tokens care.
    struct Group: Sendable, Hashable {
        /// As the server spells it.
        var dn: String
        var name: String
        /// The groups inside the base that it is in, where entries tell (`climbsByMemberOf`).
        var memberOf: [DistinguishedName] = []
    }

    /// A DN that names a group, taken apart.
    struct ListedName: Sendable {
        let dn: DistinguishedName
        let isWithinBase: Bool
        /// The value of the attribute that names groups, where that is the RDN's.
        let name: String?
    }

    let settings: DirectoryGroups
    /// Each group tells what it is in, as in Active Directory: parents are read by name, and groups without any are not
    /// asked about. To search them by `member` would be the same, but Samba looks at every group for that.
    let climbsByMemberOf: Bool
    let base: DistinguishedName?
    let filter: LDAPFilter
    let matchers: [GroupMatcher]
    /// Those attributes of groups that hold DNs: what is climbed by.
    let climbAttributes: [String]
    let parents: Mutex<LRUCache<String, [Group]>>
    let names: Mutex<LRUCache<String, String>>
    /// Groups by name, where they are climbed by name; nil for one that is no group of ours.
    let known: Mutex<LRUCache<DistinguishedName, Group?>>
    /// Groups by SID; nil for one that is no group of ours.
    let identified: Mutex<LRUCache<SecurityIdentifier, Group?>>
    /// Names as servers spell them in `memberOf`, taken apart: that costs more than all else that is done with one.
    let listed: Mutex<LRUCache<String, ListedName>>
    /// People's primary groups, which may lie outside the base.
    let primaries: Mutex<LRUCache<SecurityIdentifier, Group?>>

    /// How many children one filter may name: servers limit the size of a filter.
    static let chunk = 100
    /// How many groups are remembered.
    static let capacity = 50_000
    /// What a name says does not change; this lets go of those nobody has asked about for long.
    static let listedLifetime = Duration.seconds(86_400)
    /// What a search that finds too much for one answer asks for at a time.
    static let pageSize: Int32 = 1000

    init(_ settings: DirectoryGroups, kind: DirectoryKind) throws(DirectorySettingsError) {
        try settings.check(kind)
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
        climbsByMemberOf =
            kind == .activeDirectory && settings.nested && !climbAttributes.isEmpty
            && climbAttributes.allSatisfy { $0.lowercased() == "member" }
        parents = Mutex(LRUCache(capacity: Self.capacity, lifetime: settings.cache))
        names = Mutex(LRUCache(capacity: Self.capacity, lifetime: settings.cache))
        known = Mutex(LRUCache(capacity: Self.capacity, lifetime: settings.cache))
        identified = Mutex(LRUCache(capacity: Self.capacity, lifetime: settings.cache))
        listed = Mutex(LRUCache(capacity: 20_000, lifetime: Self.listedLifetime))
        primaries = Mutex(LRUCache(capacity: 1_000, lifetime: settings.cache))
    }

    /// The names of all groups of a person, sorted, each once.
    func groups(
        of person: Person,
        by searcher: some DirectorySearching,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [String] {
        let direct: [Group]
        switch settings.mode {
        case .none: return []
        case .tokenGroups: return Self.names(of: try await tokenGroups(person, searcher, deadline))
        case .inChain: return Self.names(of: try await inChain(person, searcher, deadline))
        case .search: direct = try await searched(person, searcher, deadline)
        case .memberOf: direct = try await listed(person, searcher, deadline)
        }
        // Climbed from wherever it lies, told inside the base only.
        let primary = try await primaryGroup(person, searcher, deadline).map { [$0] } ?? []
        let told = direct + primary.filter { !namesWithinBase([$0.dn]).isEmpty }
        guard settings.nested, !climbAttributes.isEmpty else { return Self.names(of: told) }
        var climb = GroupClimb(from: direct + primary, maxDepth: settings.maxDepth)
        while let level = climb.next {
            climb.add(try await parents(of: level, searcher, deadline))
        }
        return climb.names.union(told.map(\.name)).sorted()
    }

    private static func names(of groups: [Group]) -> [String] { Set(groups.map(\.name)).sorted() }

    private func searched(
        _ person: Person,
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [Group] {
        let alternatives = zip(matchers, person.matchValues).flatMap { matcher, values in
            values.map { LDAPFilter.equal(attribute: matcher.groupAttribute, value: $0) }
        }
        guard !alternatives.isEmpty else { return [] }
        return try await entries(matching: alternatives, groupAttributes, [], searcher, deadline).compactMap(group)
    }

    /// Entries below the base that match the group filter and one of the alternatives.
    ///
    /// Paged only where one answer does not hold them: paged searches take turns on a connection, and whoever else is to be
    /// found on it would wait behind them.
    func entries(
        matching alternatives: [LDAPFilter],
        _ attributes: [String],
        _ controls: [LDAPControl],
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [LDAPEntry] {
        let anyOf = alternatives.count == 1 ? alternatives[0] : .or(alternatives)
        var request = SearchRequest(
            base: settings.base ?? "",
            filter: .and([filter, anyOf]),
            attributes: attributes,
            controls: controls
        )
        do throws(LDAPError) {
            return try await searcher.search(request, deadline: deadline).entries
        } catch {
            guard error.resultCode == .sizeLimitExceeded else { throw error }
            request.pageSize = Self.pageSize
            return try await searcher.search(request, deadline: deadline).entries
        }
    }

    /// What a group's entry is asked for.
    var groupAttributes: [String] {
        climbsByMemberOf ? [settings.name, "memberOf"] : [settings.name]
    }

    func group(_ entry: LDAPEntry) -> Group? {
        // A group without a name that we may read cannot be told to anybody.
        guard let text = entry.text(settings.name) else { return nil }
        let name = UsernameFolding.trimmingBlanks(text)
        guard !name.isEmpty else { return nil }
        var group = Group(dn: entry.dn, name: String(name))
        if climbsByMemberOf {
            group.memberOf = namesWithinBase(entry["memberOf"].compactMap { String(validating: $0, as: UTF8.self) })
        }
        return group
    }

    /// The names that lie inside the base, compared as parsed; what is no name is nowhere.
    func namesWithinBase(_ names: [String]) -> [DistinguishedName] { listedWithinBase(names).map(\.dn) }

    /// The same, with the group's own name where the DN tells it.
    func listedWithinBase(_ names: [String]) -> [ListedName] {
        guard !names.isEmpty else { return [] }
        let now = ContinuousClock.now
        var found = listed.withLock { cache in names.map { cache.value(for: $0, now: now) } }
        let unknown = found.indices.filter { found[$0] == nil }
        guard !unknown.isEmpty else { return found.compactMap { $0 }.filter(\.isWithinBase) }
        for index in unknown { found[index] = takenApart(names[index]) }
        listed.withLock { cache in
            for index in unknown {
                if let name = found[index] { cache.insert(name, for: names[index], now: now) }
            }
        }
        return found.compactMap { $0 }.filter(\.isWithinBase)
    }

    private func takenApart(_ text: String) -> ListedName? {
        guard let dn = try? DistinguishedName(text) else { return nil }
        let isWithinBase = base.map { dn.isWithin($0) } ?? true
        return ListedName(dn: dn, isWithinBase: isWithinBase, name: isWithinBase ? dn.rdnValue(settings.name) : nil)
    }
}
