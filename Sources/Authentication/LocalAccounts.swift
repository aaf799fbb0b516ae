internal import FoundationEssentials
public import Logging

/// The local accounts as a source of identities: Argon2id over an `AccountStore`.
///
/// Equal work: a name that does not exist, an account without a password, a disabled one and a wrong password all cost
/// one look into the store and one Argon2id, so that their times tell nothing.
public struct LocalAccounts: IdentitySource {
    /// 0, the number of the local accounts.
    public var id: SourceID { .local }

    /// `local`.
    public var name: String { "local" }

    let store: any AccountStore
    let hasher: PasswordHasher
    private let logger: Logger

    /// What a hash in a busy pool and a write may take.
    private static let renewalTime = Duration.milliseconds(500)

    /// The accounts in `store`, verified by `hasher`.
    public init(store: any AccountStore, hasher: PasswordHasher, logger: Logger) {
        self.store = store
        self.hasher = hasher
        self.logger = logger
    }

    /// Verifies a password. The deadline is the caller's to enforce; store and pool have bounds of their own.
    public func authenticate(
        _ username: String,
        password: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> AuthenticationResult {
        guard !password.isEmpty else { return .rejected(Rejection(.emptyPassword, source: id)) }
        do {
            let account = try await store.account(foldedName: UsernameFolding.fold(username))
            return try await judge(account, password, deadline, gate)
        } catch let error as StoreError {
            return .unavailable(outage(error))
        } catch {
            return .unavailable(
                Outage(
                    sources: [id],
                    detail: "local: too many password hashes are waiting (local.max_parallel_hashes)",
                    retryAfter: 1,
                    isOverload: true
                )
            )
        }
    }

    /// Looks at an account again: still there, enabled, the password the one the session began with.
    public func recheck(
        _ key: IdentityKey,
        username: String,
        locator: String?,
        credentialState: String?,
        deadline: ContinuousClock.Instant
    ) async -> RecheckResult {
        guard key.source == id, let uuid = UUID(uuidString: key.stableID) else {
            return .ended(Rejection(.unknownUser, source: id, key: key))
        }
        do {
            guard let account = try await store.account(id: uuid) else {
                return .ended(Rejection(.unknownUser, source: id, key: key, detail: "the account was removed"))
            }
            if account.isDisabled { return .ended(Rejection(.disabled, source: id, key: key)) }
            let identity = identity(of: account)
            if let credentialState, credentialState != identity.credentialState { return .passwordChanged }
            return .current(identity)
        } catch {
            return .unavailable(outage(error))
        }
    }

    private func judge(
        _ account: LocalAccount?,
        _ password: Password,
        _ deadline: ContinuousClock.Instant,
        _ gate: any LoginGate
    ) async throws -> AuthenticationResult {
        guard let account else {
            try await hasher.verifyNothing(password)
            return .rejected(Rejection(.unknownUser, source: id))
        }
        let key = IdentityKey(source: id, stableID: account.stableID)
        if let answer = await gate.answer(insteadOf: key) { return answer }
        guard let stored = account.passwordHash else {
            try await hasher.verifyNothing(password)
            return .rejected(Rejection(.wrongPassword, source: id, key: key, detail: "the account has no password"))
        }
        guard try await hasher.verify(password, against: stored) else {
            return .rejected(Rejection(.wrongPassword, source: id, key: key))
        }
        if account.isDisabled { return .rejected(Rejection(.disabled, source: id, passwordProved: true, key: key)) }
        // A login that is late already must not become an outage over it.
        if deadline - .now > Self.renewalTime { await renewHash(of: account, stored, password) }
        return .authenticated(identity(of: account))
    }

    /// Makes the hash anew when its parameters are not the configured ones. That it fails is not the person's trouble:
    /// the old hash stays good, and the next login tries again.
    private func renewHash(of account: LocalAccount, _ stored: String, _ password: Password) async {
        guard hasher.needsRehash(stored) else { return }
        do {
            let renewed = try await hasher.hash(password)
            _ = try await store.replaceHash(of: account.id, stored, with: renewed)
        } catch {
            logger.debug(
                "password hash not renewed",
                metadata: ["account": "\(account.stableID)", "cause": "\(error)"]
            )
        }
    }

    func identity(of account: LocalAccount) -> Identity {
        let names = [account.firstName, account.lastName].compactMap { $0 }
        return Identity(
            key: IdentityKey(source: id, stableID: account.stableID),
            sourceName: name,
            username: account.name,
            firstName: account.firstName,
            lastName: account.lastName,
            displayName: names.isEmpty ? nil : names.joined(separator: " "),
            email: account.email,
            groups: Set(account.groups).sorted(),
            credentialState: String(account.passwordChangedAt.milliseconds)
        )
    }

    func outage(_ error: StoreError) -> Outage {
        Outage(sources: [id], detail: "local: \(error.detail)")
    }
}
