public import FoundationEssentials

/// A local account as the store keeps it.
public struct LocalAccount: Sendable, Hashable {
    /// For good; the stable id in `sub`.
    public var id: UUID

    /// As the administrator spelt it; unique by `foldedName`.
    public var name: String

    /// Given name.
    public var firstName: String?

    /// Family name.
    public var lastName: String?

    /// Mail address.
    public var email: String?

    /// Names of groups, sorted, without duplicates.
    public var groups: [String]

    /// A PHC string (Argon2id), a hash another program made until the next good login, or nil for an account that cannot log
    /// in yet.
    public var passwordHash: String?

    /// Set by `user disable`.
    public var isDisabled: Bool

    /// When the account was made.
    public var createdAt: Timestamp

    /// When the password was last set; the account's credential state.
    public var passwordChangedAt: Timestamp

    /// An account.
    public init(
        id: UUID = .fresh(),
        name: String,
        firstName: String? = nil,
        lastName: String? = nil,
        email: String? = nil,
        groups: [String] = [],
        passwordHash: String? = nil,
        isDisabled: Bool = false,
        createdAt: Timestamp,
        passwordChangedAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.firstName = firstName
        self.lastName = lastName
        self.email = email
        self.groups = groups
        self.passwordHash = passwordHash
        self.isDisabled = isDisabled
        self.createdAt = createdAt
        self.passwordChangedAt = passwordChangedAt
    }

    /// The stable id in lower case, as in `sub`.
    public var stableID: String { id.lowercaseText }

    /// The form in which names are compared (settled once, in `UsernameFolding`).
    public var foldedName: String { UsernameFolding.fold(name) }
}

/// Where local accounts are kept.
public protocol AccountStore: Sendable {
    /// The account whose folded name is `foldedName`, or nil.
    func account(foldedName: String) async throws(StoreError) -> LocalAccount?

    /// The account with that id, or nil.
    func account(id: UUID) async throws(StoreError) -> LocalAccount?

    /// All accounts by folded name.
    func accounts() async throws(StoreError) -> [LocalAccount]

    /// Adds accounts with their groups, all in one transaction or none; `.conflict` when a folded name or an id is taken.
    ///
    /// - Parameter progress: told now and then how many have been written; may begin again.
    func insert(
        _ accounts: [LocalAccount],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(StoreError)

    /// Reads account `id`, lets `change` work on it and keeps the outcome, all in one transaction: of two changes at
    /// once neither undoes the other. `.conflict` when the folded name is taken.
    ///
    /// - Parameter change: may be called more than once, each time with the account as it then is; the id stays.
    /// - Returns: the account as it is now; nil when there is none.
    func update(
        id: UUID,
        _ change: @escaping @Sendable (inout LocalAccount) -> Void
    ) async throws(StoreError) -> LocalAccount?

    /// Replaces the password hash of account `id` in one statement, but only while it is still `old`; false when it is not.
    ///
    /// For the rehash after a login: a password set meanwhile must not be undone by it. `passwordChangedAt` stays.
    func replaceHash(of id: UUID, _ old: String, with new: String) async throws(StoreError) -> Bool

    /// Removes the account; false when there is none. Its identity and userId stay taken.
    func remove(id: UUID) async throws(StoreError) -> Bool
}

extension AccountStore {
    /// Adds an account with its groups; `.conflict` when the folded name is taken.
    public func insert(_ account: LocalAccount) async throws(StoreError) {
        try await insert([account], progress: { _ in })
    }
}
