/// Runs one login through the sources by the rules of `[authentication]`.
public protocol Authenticating: Sendable {
    /// Who is it? Within the login budget.
    func authenticate(_ request: AuthenticationRequest) async -> AuthenticationResult

    /// Is this person still allowed? Asked at every refresh.
    func recheck(_ key: IdentityKey, username: String, locator: String?, credentialState: String?) async
        -> RecheckResult

    /// To be told when a person's password was changed through us: whatever remembers the old one, or that the new one was
    /// wrong a moment ago, forgets it.
    func passwordChanged(of person: IdentityKey) async

    /// True when proofs of another authority are accepted at all.
    var offersSignOn: Bool { get }

    /// Who is it, by the proof of another authority? Within the login budget.
    func signOn(_ request: SignOnRequest) async -> SignOnResult

    /// Changes a password at the person's own source, within the login budget.
    func changePassword(_ request: PasswordChangeRequest) async -> PasswordChangeResult

    /// How long whoever asks this has to wait because of failures before; nil when he need not. Nobody is asked and nothing
    /// counted: it is for answers that are remembered.
    ///
    /// - Parameter person: whom the answer is about.
    func wait(of request: AuthenticationRequest, for person: IdentityKey) -> ThrottleWait?

    /// True when a request may name this LDAPServerId under a client's `sources`.
    func isKnown(_ directory: SourceID, sources: [SourceID]) -> Bool
}

extension Authenticating {
    /// Nothing is remembered, as a rule.
    public func passwordChanged(of person: IdentityKey) async {}

    /// Nobody waits, as a rule.
    public func wait(of request: AuthenticationRequest, for person: IdentityKey) -> ThrottleWait? { nil }
}
