/// A place where people are known: a directory, or the local accounts.
public protocol IdentitySource: Sendable {
    /// 0 for local accounts, the LDAPServerId otherwise.
    var id: SourceID { get }

    /// The configured name, or `local`.
    var name: String { get }

    /// Verifies a password with at most one user bind of an entry. Never throws: a wrong password and an outage are both
    /// values.
    ///
    /// A source that remembers where people are binds a second entry where the one remembered refuses the password and the
    /// name leads to another by now.
    ///
    /// - Parameters:
    ///   - username: as typed; for local accounts without a domain that chose the directory before them. The source
    ///     strips and folds by its own rules.
    ///   - deadline: the end of the login budget; at it the answer is `unavailable`.
    ///   - gate: asked for each person found, before the password is verified; its answer, if it has one, is the source's.
    func authenticate(
        _ username: String,
        password: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> AuthenticationResult

    /// Looks at a person again when a session is refreshed.
    ///
    /// - Parameters:
    ///   - username: as the source spelt it when the session began.
    ///   - locator: what `Identity.locator` was when the session began.
    ///   - credentialState: what `Identity.credentialState` was when the session began.
    func recheck(
        _ key: IdentityKey,
        username: String,
        locator: String?,
        credentialState: String?,
        deadline: ContinuousClock.Instant
    ) async -> RecheckResult

    /// Hears that a person's password was changed through us, so that nothing of the old one is kept.
    func passwordChanged(of person: IdentityKey) async

    /// Changes a password, once the old one has proved who asks; with at most one user bind. It works for passwords that
    /// have expired or must be changed too.
    ///
    /// - Parameters:
    ///   - new: neither empty nor the same as `old`.
    ///   - gate: as at a login.
    func changePassword(
        of account: SourceAccount,
        from old: Password,
        to new: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> PasswordChangeResult
}

extension IdentitySource {
    /// Nothing is kept of passwords, as a rule.
    public func passwordChanged(of person: IdentityKey) async {}

    /// Verifies a password with nobody at the gate.
    public func authenticate(
        _ username: String,
        password: Password,
        deadline: ContinuousClock.Instant
    ) async -> AuthenticationResult {
        await authenticate(username, password: password, deadline: deadline, gate: OpenGate())
    }
}

/// A source that lives in an LDAP directory, as far as the rules need to know it.
public protocol DirectorySource: IdentitySource {
    /// Domains whose `DOMAIN\user` and `user@domain` belong here, compared without case.
    var domains: [String] { get }

    /// True for directories of kind `active-directory`.
    var isActiveDirectory: Bool { get }

    /// Finds the person an authority vouches for, and says whether the account may be used. Nobody's password is asked.
    ///
    /// A refusal for the state of the account counts as one with the right password: the caller has proved who it is.
    func authenticate(_ principal: SignOnPrincipal, deadline: ContinuousClock.Instant) async -> AuthenticationResult
}
