internal import Authentication

/// Which of a person's groups a client's tokens hold.
struct GroupClaim: Sendable, Hashable {
    /// Sorted.
    let names: [String]
    /// True when the limit cut some off.
    let hasMore: Bool

    /// The groups of `identity` for `client`.
    init(_ identity: Identity, client: Client) {
        // Identity keeps them sorted and unique.
        let matching = Self.matching(identity.groups, client.groupFilter)
        hasMore = matching.count > client.maxGroups
        names = hasMore ? Array(matching.prefix(client.maxGroups)) : matching
    }

    /// Those of `groups` that a client's `group_filter` lets through.
    static func matching(_ groups: [String], _ filter: String) -> [String] {
        filter == "*" ? groups : groups.filter { Glob.matches($0, pattern: filter) }
    }
}
