internal import Authentication

/// The keys as they were read last, opened and ready for use.
struct KeySnapshot: Sendable {
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

    /// Opens the stored keys.
    init(_ stored: [StoredKey], masterKey: MasterKey) throws(KeyError) {
        var signing: SigningKey?
        var published: [(rank: Int, key: VerifyingKey)] = []
        var verifying: [String: VerifyingKey] = [:]
        var refresh: RefreshKey?
        var refreshKeys: [UInt32: RefreshKey] = [:]
        for row in stored {
            let secret = try masterKey.unwrap(row.wrapped, id: row.id, use: row.use)
            switch row.use {
            case .sign:
                guard let algorithm = SigningAlgorithm(rawValue: row.algorithm) else {
                    throw KeyError(.unreadable, "Key \(row.id) in the store is for \(row.algorithm), unknown here.")
                }
                let key = try SigningKey(algorithm, representation: secret)
                guard key.id == row.id else {
                    throw KeyError(.unreadable, "Key \(row.id) in the store is not the one it is named for.")
                }
                verifying[key.publicKey.header] = key.publicKey
                published.append((row.phase.rank, key.publicKey))
                if row.phase == .current { signing = key }
            case .refresh:
                let key = try RefreshKey(storedID: row.id, representation: secret)
                refreshKeys[key.id] = key
                if row.phase == .current { refresh = key }
            }
        }
        guard let signing, let refresh else {
            throw KeyError(.unreadable, "The store holds no current keys.")
        }
        self.stored = stored
        self.signing = signing
        self.verifying = verifying
        self.refresh = refresh
        self.refreshKeys = refreshKeys
        document = KeySetDocument.encode(published.sorted { $0.rank < $1.rank }.map(\.key))
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
