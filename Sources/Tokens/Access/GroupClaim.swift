internal import Authentication

/// Which of a person's groups a client's tokens hold.
public struct GroupClaim: Sendable, Hashable {
    /// Sorted.
    public let names: [String]
    /// True when the limit cut some off.
    public let hasMore: Bool

    /// The groups of `identity` for `client`.
    init(_ identity: Identity, client: Client) {
        // Identity keeps them sorted and unique.
        self.init(identity.groups, client: client)
    }

    /// The claim that `groups`, sorted and unique, become for `client`.
    public init(_ groups: [String], client: Client) {
        let matching = Self.matching(groups, client.groupFilter)
        hasMore = matching.count > client.maxGroups
        names = hasMore ? Array(matching.prefix(client.maxGroups)) : matching
    }

    /// Those of `groups` that a client's `group_filter` lets through.
    static func matching(_ groups: [String], _ filter: String) -> [String] {
        filter == "*" ? groups : groups.filter { Glob.matches($0, pattern: filter) }
    }
}
