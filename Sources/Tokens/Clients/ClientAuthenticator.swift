public import Authentication

/// Finds out which client asks and whether it is the one it says (RFC 6749 §2.3).
public struct ClientAuthenticator: Sendable {
    private let registry: ClientRegistry
    private let defaultClient: String?
    private let hasher: any SecretHash
    private let cache = SecretCache()

    /// An authenticator of the clients of `registry`.
    ///
    /// - Parameters:
    ///   - defaultClient: who asks when no client is named.
    ///   - hasher: verifies hashed secrets.
    public init(registry: ClientRegistry, defaultClient: String?, hasher: any SecretHash) {
        self.registry = registry
        self.defaultClient = defaultClient
        self.hasher = hasher
    }

    /// The client these credentials prove.
    ///
    /// - Throws: `invalid_client`, or `temporarily_unavailable` when too many hashes wait already.
    public func authenticate(_ credentials: ClientCredentials) async throws(TokenError) -> Client {
        let attempts = attempts(credentials)
        guard !attempts.isEmpty else { throw .invalidClient }
        var isKnown = false
        for attempt in attempts {
            guard let client = registry[attempt.id] else {
                // An unknown client takes as long as a wrong secret.
                if let secret = attempt.secret, let decoy = registry.decoyHash {
                    _ = try await verify(secret, against: decoy)
                }
                continue
            }
            isKnown = true
            if try await isProved(client, by: attempt.secret) { return client }
        }
        throw isKnown ? .invalidClientCredentials : .invalidClient
    }

    /// What to try, in order. Basic comes form-decoded first, then raw, because many clients do not
    /// encode; an empty secret is none.
    private func attempts(_ credentials: ClientCredentials) -> [(id: String, secret: Password?)] {
        func given(_ secret: Password?) -> Password? {
            secret.flatMap { $0.isEmpty ? nil : $0 }
        }
        if credentials.method == .basic, !credentials.alternativeIDs.isEmpty {
            return credentials.alternativeIDs.enumerated().map { index, id in
                (id, given(index < credentials.secrets.count ? credentials.secrets[index] : nil))
            }
        }
        guard let id = credentials.id.flatMap({ $0.isEmpty ? nil : $0 }) ?? defaultClient else { return [] }
        if credentials.secrets.isEmpty { return [(id, nil)] }
        return credentials.secrets.map { (id, given($0)) }
    }

    private func isProved(_ client: Client, by secret: Password?) async throws(TokenError) -> Bool {
        switch (client.secret, secret) {
        case (nil, nil):
            return true
        case (nil, _?), (_?, nil):
            // A public client has no secret to send; a confidential one must.
            return false
        case (.plain(let expected)?, let given?):
            if cache.contains(given, of: client.id) { return true }
            guard cache.areEqual(expected, given) else { return false }
            cache.insert(given, of: client.id)
            return true
        case (.hash(let phc)?, let given?):
            if cache.contains(given, of: client.id) { return true }
            guard try await verify(given, against: phc) else { return false }
            cache.insert(given, of: client.id)
            return true
        }
    }

    private func verify(_ secret: Password, against phc: String) async throws(TokenError) -> Bool {
        do {
            return try await hasher.verify(secret, against: phc)
        } catch {
            throw .overloaded(retryAfter: 1)
        }
    }
}
