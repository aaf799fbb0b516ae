internal import Authentication
internal import Synchronization

/// The groups of a token's person, those included for which the token had no room.
final class TokenGroups: Sendable {
    private let tools: GrantTools
    /// By `jti`: a refresh may bring other groups, and it brings another token. Octets, estimated.
    private let kept = Mutex(BoundedCache<String, [String]>(capacity: 4 << 20))

    init(tools: GrantTools) {
        self.tools = tools
    }

    /// The claim where it is whole; else the session's row, read once and remembered.
    func all(
        of claims: AccessTokenClaims,
        _ person: AccessTokenClaims.Person
    ) async throws(TokenError) -> [String] {
        guard person.hasMoreGroups else { return person.groups }
        if let groups = kept.withLock({ $0.value(for: claims.id) }) { return groups }
        let session = try await tools.row(of: person.session)
        let filter = tools.registry[claims.clientID]?.groupFilter ?? "*"
        let groups = GroupClaim.matching(session.identity.groups, filter)
        kept.withLock { $0.insert(groups, for: claims.id, weight: groups.reduce(128) { $0 + $1.utf8.count + 32 }) }
        return groups
    }
}
