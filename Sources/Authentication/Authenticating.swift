/// Runs one login through the sources by the rules of `[authentication]`.
public protocol Authenticating: Sendable {
    /// Who is it? Within the login budget.
    func authenticate(_ request: AuthenticationRequest) async -> AuthenticationResult

    /// Is this person still allowed? Asked at every refresh.
    func recheck(_ key: IdentityKey, locator: String?, credentialState: String?) async -> RecheckResult

    /// True when a request may name this LDAPServerId under a client's `sources`.
    func isKnown(_ directory: SourceID, sources: [SourceID]) -> Bool
}
