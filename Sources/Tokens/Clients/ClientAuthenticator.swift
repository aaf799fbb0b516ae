public import Authentication

/// Finds out which client asks and whether it is the one it says (RFC 6749 §2.3).
public struct ClientAuthenticator: Sendable {
    private let registry: ClientRegistry
    private let defaultClient: String?
    private let hasher: any SecretHash
    private let proved: SecretCache
    private let known: [String: Known]

    /// A client, and what stands for it in questions.
    private final class Known: Sendable {
        let client: Client
        let stamp: KeyedDigest.Value

        init(_ client: Client, _ stamp: KeyedDigest.Value) {
            self.client = client
            self.stamp = stamp
        }
    }

    /// An authenticator of the clients of `registry`.
    ///
    /// - Parameters:
    ///   - defaultClient: who asks when no client is named.
    ///   - hasher: verifies hashed secrets.
    ///   - proved: what was found right before, under whatever configuration.
    public init(
        registry: ClientRegistry,
        defaultClient: String?,
        hasher: any SecretHash,
        proved: SecretCache = SecretCache()
    ) {
        self.registry = registry
        self.defaultClient = defaultClient
        self.hasher = hasher
        self.proved = proved
        known = Dictionary(uniqueKeysWithValues: registry.all.map { ($0.id, Known($0, proved.stamp($0.id, $0))) })
    }

    /// The client these credentials were found to prove a while ago; nil when that has to be found out.
    ///
    /// What nearly every request needs, without the memory that asynchronous functions ask for.
    func remembered(_ credentials: ClientCredentials) -> Client? {
        let attempts = attempts(credentials)
        let hasSecret = attempts.contains { $0.secret != nil }
        guard hasSecret, let question = proved.question(attempts) else { return nil }
        return proved.known(question).flatMap { attempts[$0].client }
    }

    /// The client these credentials prove.
    ///
    /// - Throws: `invalid_client`, or `temporarily_unavailable` when too many hashes wait already.
    public func authenticate(_ credentials: ClientCredentials) async throws(TokenError) -> Client {
        let attempts = attempts(credentials)
        guard !attempts.isEmpty else { throw .invalidClient }
        guard let index = try await right(attempts), let client = attempts[index].client else {
            throw attempts.contains { $0.client != nil } ? .invalidClientCredentials : .invalidClient
        }
        return client
    }

    /// What to try, in order. Basic comes form-decoded first, then raw, because many clients do not
    /// encode; an empty secret is none.
    private func attempts(_ credentials: ClientCredentials) -> [SecretCache.Attempt] {
        func attempt(_ id: String, _ secret: Password?) -> SecretCache.Attempt {
            let known = known[id]
            return SecretCache.Attempt(
                stamp: known?.stamp ?? proved.stamp(id, nil),
                client: known?.client,
                secret: secret.flatMap { $0.isEmpty ? nil : $0 }
            )
        }
        if credentials.method == .basic, !credentials.alternativeIDs.isEmpty {
            return credentials.alternativeIDs.enumerated().map { index, id in
                attempt(id, index < credentials.secrets.count ? credentials.secrets[index] : nil)
            }
        }
        guard let id = credentials.id.flatMap({ $0.isEmpty ? nil : $0 }) ?? defaultClient else { return [] }
        if credentials.secrets.isEmpty { return [attempt(id, nil)] }
        return credentials.secrets.map { attempt(id, $0) }
    }

    /// The first attempt that is right. All of them are one question: which of two clients it is must not depend on which one
    /// was proved lately.
    private func right(_ attempts: [SecretCache.Attempt]) async throws(TokenError) -> Int? {
        guard attempts.contains(where: { $0.secret != nil }) else {
            return attempts.firstIndex { $0.client != nil && $0.client?.secret == nil }
        }
        guard let question = proved.question(attempts) else { return nil }
        let answer = await proved.answer(to: question) { [self] in await prove(attempts) }
        return try answer.get()
    }

    private func prove(_ attempts: [SecretCache.Attempt]) async -> SecretCache.Answer {
        do throws(TokenError) {
            for (index, attempt) in attempts.enumerated() where try await isProved(attempt) { return .success(index) }
            return .success(nil)
        } catch {
            return .failure(error)
        }
    }

    private func isProved(_ attempt: SecretCache.Attempt) async throws(TokenError) -> Bool {
        guard let client = attempt.client else {
            // An unknown client takes as long as a wrong secret.
            if let secret = attempt.secret, let decoy = registry.decoyHash {
                _ = try await verify(secret, against: decoy)
            }
            return false
        }
        switch (client.secret, attempt.secret) {
        case (nil, nil): return true
        // A public client has no secret to send; a confidential one must.
        case (nil, _?), (_?, nil): return false
        case (.plain(let expected)?, let given?): return proved.areEqual(expected, given)
        case (.hash(let phc)?, let given?): return try await verify(given, against: phc)
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
