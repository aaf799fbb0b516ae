public import Authentication

/// A key as the store keeps it: its private half wrapped by the master key.
public struct StoredKey: Sendable, Hashable {
    /// What it is for.
    public enum Use: String, Sendable, Hashable {
        /// Signs access tokens.
        case sign
        /// Makes the HMAC in refresh tokens.
        case refresh
    }

    /// Where it is in its life.
    public enum Phase: String, Sendable, Hashable {
        /// Published, not used yet.
        case next
        /// In use.
        case current
        /// Only verifies, until `retireAt`.
        case retired
    }

    /// RFC 7638 thumbprint for signing keys; a short random id for refresh keys.
    public var id: String
    /// What it is for.
    public var use: Use
    /// ES256, RS256, EdDSA or HS256.
    public var algorithm: String
    /// Where it is in its life.
    public var phase: Phase
    /// The private key, encrypted and authenticated under the master key, bound to `id`.
    public var wrapped: [UInt8]
    /// When it was made.
    public var createdAt: Timestamp
    /// When it began to sign; nil before.
    public var activatedAt: Timestamp?
    /// When the last token it signed has expired; nil before it is retired.
    public var retireAt: Timestamp?

    /// A key.
    public init(
        id: String,
        use: Use,
        algorithm: String,
        phase: Phase,
        wrapped: [UInt8],
        createdAt: Timestamp,
        activatedAt: Timestamp? = nil,
        retireAt: Timestamp? = nil
    ) {
        self.id = id
        self.use = use
        self.algorithm = algorithm
        self.phase = phase
        self.wrapped = wrapped
        self.createdAt = createdAt
        self.activatedAt = activatedAt
        self.retireAt = retireAt
    }
}

/// Where keys are kept.
public protocol KeyStore: Sendable {
    /// All keys, oldest first.
    func keys() async throws(StoreError) -> [StoredKey]

    /// In one transaction: if the keys still are exactly those with `expected` ids and phases, inserts and updates
    /// (by id) the given ones, removes `removed`, and returns true; else changes nothing and returns false, and the
    /// caller reads again.
    func replaceKeys(expected: [StoredKey], with keys: [StoredKey], removed: [String]) async throws(StoreError) -> Bool

    /// The check value of the master key, stored by the first caller: returns what is stored after the call.
    func masterKeyCheck(orStore value: [UInt8]) async throws(StoreError) -> [UInt8]
}
