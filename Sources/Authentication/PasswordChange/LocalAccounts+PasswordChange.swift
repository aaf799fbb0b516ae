internal import FoundationEssentials

extension LocalAccounts {
    /// Verifies the old password as a login does, and sets the new one.
    public func changePassword(
        of account: SourceAccount,
        from old: Password,
        to new: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> PasswordChangeResult {
        let verified: AuthenticationResult
        switch account {
        case .named(let name): verified = await authenticate(name, password: old, deadline: deadline, gate: gate)
        case .known(let key, _): verified = await authenticate(key, password: old, deadline: deadline, gate: gate)
        }
        switch verified {
        case .rejected(let rejection): return .rejected(rejection)
        case .unavailable(let outage): return .unavailable(outage)
        case .authenticated(let identity): return await set(new, of: identity)
        }
    }

    private func set(_ new: Password, of identity: Identity) async -> PasswordChangeResult {
        do throws(AccountError) {
            let changed = try await AccountService(store: store, hasher: hasher).setPassword(
                new,
                name: identity.username
            )
            return .changed(self.identity(of: changed))
        } catch {
            guard error.code == .notFound else {
                return .unavailable(Outage(sources: [id], detail: "local: \(error.description)", retryAfter: 1))
            }
            return .rejected(Rejection(.unknownUser, source: id, key: identity.key, detail: error.description))
        }
    }

    private func authenticate(
        _ key: IdentityKey,
        password: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> AuthenticationResult {
        do throws(StoreError) {
            guard key.source == id, let uuid = UUID(uuidString: key.stableID),
                let account = try await store.account(id: uuid)
            else { return .rejected(Rejection(.unknownUser, source: id, key: key, detail: "the account was removed")) }
            return await authenticate(account.name, password: password, deadline: deadline, gate: gate)
        } catch {
            return .unavailable(outage(error))
        }
    }
}
