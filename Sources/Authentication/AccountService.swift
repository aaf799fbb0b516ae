/// What is done to local accounts: the rules behind `ldapauthd user …`.
///
/// Names, groups and addresses are checked before anything is kept, passwords are hashed before the store is asked.
public struct AccountService: Sendable {
    private let store: any AccountStore
    private let hasher: PasswordHasher
    private let clock: any WallClock

    /// A service over `store`.
    public init(store: any AccountStore, hasher: PasswordHasher, clock: any WallClock = SystemWallClock()) {
        self.store = store
        self.hasher = hasher
        self.clock = clock
    }

    /// Adds an account.
    ///
    /// - Parameter password: nil for an account that cannot log in until a password is set.
    /// - Throws: `.invalid` with the field to mend, `.conflict` when the name is taken, `.unavailable`.
    public func add(_ new: NewAccount, password: Password?) async throws(AccountError) -> LocalAccount {
        let now = clock.now()
        var account = LocalAccount(
            name: try AccountFields.accountName(new.name),
            firstName: try AccountFields.personName(new.firstName, field: "first name"),
            lastName: try AccountFields.personName(new.lastName, field: "last name"),
            email: try AccountFields.email(new.email),
            groups: try AccountFields.groups(new.groups),
            createdAt: now,
            passwordChangedAt: now
        )
        // Asked before the hash is made, so that a taken name is told at once; insert decides.
        if let taken = try await find(account.foldedName) { throw Self.taken(taken.name) }
        if let password { account.passwordHash = try await hash(password) }
        do {
            try await store.insert(account)
        } catch {
            throw error.code == .conflict ? Self.taken(account.name) : Self.store(error)
        }
        return account
    }

    /// Changes what is given of an account and leaves the rest.
    ///
    /// - Throws: `.notFound`, `.invalid` with the field to mend, `.unavailable`.
    public func change(_ name: String, _ change: AccountChange) async throws(AccountError) -> LocalAccount {
        let account = try await self.account(named: name)
        let firstName = try AccountFields.personName(change.firstName, field: "first name")
        let lastName = try AccountFields.personName(change.lastName, field: "last name")
        let email = try AccountFields.email(change.email)
        let added = try AccountFields.groups(change.addedGroups)
        let removed = try AccountFields.groups(change.removedGroups)
        if let group = removed.first(where: { !account.groups.contains($0) }) {
            throw AccountError(
                .invalid,
                "\(account.name) is not in the group “\(group)”; it is in: "
                    + (account.groups.isEmpty ? "none" : account.groups.joined(separator: ", ")) + "."
            )
        }
        return try await update(account) { account in
            if change.firstName != nil { account.firstName = firstName }
            if change.lastName != nil { account.lastName = lastName }
            if change.email != nil { account.email = email }
            account.groups = Set(account.groups).subtracting(removed).union(added).sorted()
        }
    }

    /// The present moment, as accounts are dated.
    var now: Timestamp { clock.now() }

    /// Keeps new accounts, all or none.
    func insert(
        _ accounts: [LocalAccount],
        _ progress: @escaping @Sendable (Int) -> Void
    ) async throws(AccountError) {
        do {
            try await store.insert(accounts, progress: progress)
        } catch {
            guard error.code == .conflict else { throw Self.store(error) }
            throw AccountError(.conflict, "\(error.detail): it was added meanwhile; nothing was imported, try again")
        }
    }

    /// All accounts by folded name.
    public func list() async throws(AccountError) -> [LocalAccount] {
        do { return try await store.accounts() } catch { throw Self.store(error) }
    }

    /// The account of that name, compared as logins compare it; throws `.notFound`.
    public func account(named name: String) async throws(AccountError) -> LocalAccount {
        guard let account = try await find(UsernameFolding.fold(name)) else { throw Self.missing(name) }
        return account
    }

    /// Disables or enables an account. Disabling ends its sessions at their next refresh.
    public func setDisabled(_ disabled: Bool, name: String) async throws(AccountError) -> LocalAccount {
        try await update(account(named: name)) { $0.isDisabled = disabled }
    }

    /// Sets a password, which ends the sessions begun with the old one at their next refresh.
    public func setPassword(_ password: Password, name: String) async throws(AccountError) -> LocalAccount {
        let account = try await account(named: name)
        let hash = try await hash(password)
        let now = clock.now()
        return try await update(account) { account in
            account.passwordHash = hash
            // The moment is the account's credential state: it must differ from the last one even if the clock went back.
            account.passwordChangedAt = max(now, account.passwordChangedAt + .milliseconds(1))
        }
    }

    /// Removes an account for good; its userId is not given out again.
    public func remove(_ name: String) async throws(AccountError) {
        let account = try await self.account(named: name)
        let found: Bool
        do { found = try await store.remove(id: account.id) } catch { throw Self.store(error) }
        guard found else { throw Self.missing(name) }
    }

    private func find(_ foldedName: String) async throws(AccountError) -> LocalAccount? {
        do { return try await store.account(foldedName: foldedName) } catch { throw Self.store(error) }
    }

    /// Changes the account as the store has it now: what was looked up before may be out of date already.
    private func update(
        _ account: LocalAccount,
        _ change: @escaping @Sendable (inout LocalAccount) -> Void
    ) async throws(AccountError) -> LocalAccount {
        let changed: LocalAccount?
        do { changed = try await store.update(id: account.id, change) } catch { throw Self.store(error) }
        guard let changed else { throw Self.missing(account.name) }
        return changed
    }

    private func hash(_ password: Password) async throws(AccountError) -> String {
        try AccountFields.password(password)
        do {
            return try await hasher.hash(password)
        } catch {
            throw AccountError(.unavailable, "Too many password hashes are waiting already; try again in a moment.")
        }
    }

    private static func taken(_ name: String) -> AccountError {
        AccountError(
            .conflict,
            "There is an account “\(name)” already, and case makes no difference; choose another name or change that one."
        )
    }

    private static func missing(_ name: String) -> AccountError {
        let shown = LogText.escaped(UsernameFolding.trimmingBlanks(name))
        return AccountError(.notFound, "There is no local account “\(shown)”; `ldapauthd user list` shows all.")
    }

    private static func store(_ error: StoreError) -> AccountError {
        AccountError(.unavailable, error.detail, cause: error)
    }
}
