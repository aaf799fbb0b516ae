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
        let matching =
            client.groupFilter == "*"
            ? identity.groups : identity.groups.filter { Glob.matches($0, pattern: client.groupFilter) }
        hasMore = matching.count > client.maxGroups
        names = hasMore ? Array(matching.prefix(client.maxGroups)) : matching
    }
}
