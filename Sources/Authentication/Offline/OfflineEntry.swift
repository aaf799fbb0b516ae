/// Somebody who was let in by a directory, and with which password, for the time it cannot be asked.
public struct OfflineEntry: Sendable, Hashable {
    /// The name asked for, folded, without a domain of the directory's.
    public var name: String

    /// Who it was, as the directory said then.
    public var identity: Identity

    /// The password: a PHC string (Argon2id) with a salt of its own.
    public var hash: String

    /// Of no use from then on.
    public var expiresAt: Timestamp

    /// An entry.
    public init(name: String, identity: Identity, hash: String, expiresAt: Timestamp) {
        self.name = name
        self.identity = identity
        self.hash = hash
        self.expiresAt = expiresAt
    }
}

/// Where offline entries are kept.
public protocol OfflineStore: Sendable {
    /// The entry of that name at that source, expired ones included; nil when there is none.
    func offlineEntry(_ source: SourceID, name: String) async throws(StoreError) -> OfflineEntry?

    /// Keeps an entry, in place of the one of the same source and name.
    func keep(_ entry: OfflineEntry) async throws(StoreError)

    /// Removes what is kept of a name, and of the person when one is known.
    func forgetOffline(_ source: SourceID, name: String?, person: IdentityKey?) async throws(StoreError)

    /// Removes entries that expired before a moment.
    func purgeOffline(before: Timestamp) async throws(StoreError)
}
