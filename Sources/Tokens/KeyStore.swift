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
    /// The longest life of what it makes, by every configuration it was in use under.
    public var tokenLifetime: Duration

    /// A key.
    public init(
        id: String,
        use: Use,
        algorithm: String,
        phase: Phase,
        wrapped: [UInt8],
        createdAt: Timestamp,
        activatedAt: Timestamp? = nil,
        retireAt: Timestamp? = nil,
        tokenLifetime: Duration = .zero
    ) {
        self.id = id
        self.use = use
        self.algorithm = algorithm
        self.phase = phase
        self.wrapped = wrapped
        self.createdAt = createdAt
        self.activatedAt = activatedAt
        self.retireAt = retireAt
        self.tokenLifetime = tokenLifetime
    }
}

/// What came of an attempt to change the keys.
public enum KeySwap: Sendable, Hashable {
    /// They are as wished now.
    case done
    /// Another process changed them before: read them again. Nothing was changed.
    case keysDiffer
    /// The store was given another master key before. Nothing was changed.
    case masterKeyDiffers
}

/// Where keys are kept.
public protocol KeyStore: Sendable {
    /// All keys, oldest first.
    func keys() async throws(StoreError) -> [StoredKey]

    /// In one transaction: if the keys still are exactly those with `expected` ids, phases and token lifetimes, inserts
    /// and updates (by id) the given ones and removes `removed`.
    ///
    /// - Parameter masterKey: the check value of the key that wraps `keys`; it must be the stored one, if one is stored.
    func replaceKeys(
        expected: [StoredKey],
        with keys: [StoredKey],
        removed: [String],
        masterKey: [UInt8]
    ) async throws(StoreError) -> KeySwap

    /// In one transaction: if the stored check value is `old` and the keys are those with the ids of `keys`, replaces
    /// their wrapped halves by those of `keys` and the check value by `new`.
    func rewrapKeys(_ keys: [StoredKey], from old: [UInt8], to new: [UInt8]) async throws(StoreError) -> KeySwap

    /// The check value of the master key, stored by the first caller: returns what is stored after the call.
    func masterKeyCheck(orStore value: [UInt8]) async throws(StoreError) -> [UInt8]
}
