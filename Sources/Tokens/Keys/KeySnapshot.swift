internal import Authentication

/// The keys as they were read last, opened and ready for use.
///
/// A class, because every request looks at it: one reference is taken under the lock, not one for each key.
final class KeySnapshot: Sendable {
    /// Another one for each reading that was taken over.
    let number: Int
    /// As the store keeps them.
    let stored: [StoredKey]
    /// Signs.
    let signing: SigningKey
    /// By the protected header of their tokens.
    let verifying: [String: VerifyingKey]
    /// Makes refresh tokens.
    let refresh: RefreshKey
    /// By id, to read them.
    let refreshKeys: [UInt32: RefreshKey]
    /// The JWKS document: current, next, then retired ones.
    let document: [UInt8]
    /// What signed before, and until when it is kept; the latest first.
    let formerSigning: [(key: SigningKey, retireAt: Timestamp)]
    /// What made refresh tokens before, and until when it is kept; the latest first.
    let formerRefresh: [(key: RefreshKey, retireAt: Timestamp)]
    /// All that make or made refresh tokens, and since when: the current one, then retired ones, the latest first.
    private let refreshByAge: [(key: RefreshKey, since: Timestamp)]

    /// Opens the stored keys.
    init(_ reading: KeyReading, masterKey: MasterKey) throws(KeyError) {
        let stored = reading.keys
        var signing: SigningKey?
        var published: [(rank: Int, key: VerifyingKey)] = []
        var verifying: [String: VerifyingKey] = [:]
        var refresh: RefreshKey?
        var refreshKeys: [UInt32: RefreshKey] = [:]
        var formerSigning: [(key: SigningKey, retireAt: Timestamp)] = []
        var formerRefresh: [(key: RefreshKey, retireAt: Timestamp)] = []
        // The latest in use first.
        for row in stored.sorted(by: { ($0.retireAt ?? $0.createdAt) > ($1.retireAt ?? $1.createdAt) }) {
            let secret = try masterKey.unwrap(row.wrapped, id: row.id, use: row.use)
            switch row.use {
            case .sign:
                let key = try Self.signingKey(row, secret)
                verifying[key.publicKey.header] = key.publicKey
                published.append((row.phase.rank, key.publicKey))
                if row.phase == .current { signing = key }
                if row.phase == .retired, let retireAt = row.retireAt { formerSigning.append((key, retireAt)) }
            case .refresh:
                let key = try RefreshKey(storedID: row.id, representation: secret)
                refreshKeys[key.id] = key
                if row.phase == .current { refresh = key }
                if row.phase == .retired, let retireAt = row.retireAt { formerRefresh.append((key, retireAt)) }
            }
        }
        guard let signing, let refresh else {
            throw KeyError(.unreadable, "The store holds no current keys.")
        }
        number = reading.serial
        self.stored = stored
        self.signing = signing
        self.verifying = verifying
        self.refresh = refresh
        self.refreshKeys = refreshKeys
        self.formerSigning = formerSigning
        self.formerRefresh = formerRefresh
        refreshByAge = Self.byAge(stored, refreshKeys)
        document = KeySetDocument.encode(published.sorted { $0.rank < $1.rank }.map(\.key))
    }

    /// By the order of their retirement, because clocks may have jumped between their beginnings.
    private static func byAge(
        _ stored: [StoredKey],
        _ keys: [UInt32: RefreshKey]
    ) -> [(key: RefreshKey, since: Timestamp)] {
        stored.enumerated().filter { $0.element.use == .refresh }
            .sorted { left, right in
                let (ends, others) = (left.element.retireAt?.milliseconds, right.element.retireAt?.milliseconds)
                return (ends ?? .max, left.offset) > (others ?? .max, right.offset)
            }
            .compactMap { row in
                let key = UInt32(row.element.id, radix: 16).flatMap { keys[$0] }
                return key.map { ($0, row.element.activatedAt ?? row.element.createdAt) }
            }
    }

    /// The key that was in use for so long at a moment, or else the one in use longest.
    func refresh(usedFor age: Duration, at moment: Timestamp) -> RefreshKey {
        refreshByAge.first { $0.since + age <= moment }?.key ?? refreshByAge.last?.key ?? refresh
    }

    private static func signingKey(_ row: StoredKey, _ secret: [UInt8]) throws(KeyError) -> SigningKey {
        guard let algorithm = SigningAlgorithm(rawValue: row.algorithm) else {
            throw KeyError(.unreadable, "Key \(row.id) in the store is for \(row.algorithm), unknown here.")
        }
        let key = try SigningKey(algorithm, representation: secret)
        guard key.id == row.id else {
            throw KeyError(.unreadable, "Key \(row.id) in the store is not the one it is named for.")
        }
        return key
    }
}

extension StoredKey.Phase {
    /// The order in the JWKS document.
    fileprivate var rank: Int {
        switch self {
        case .current: 0
        case .next: 1
        case .retired: 2
        }
    }
}
