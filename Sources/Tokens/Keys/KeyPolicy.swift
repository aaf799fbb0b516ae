/// How keys are made and how long they are kept; derived from the configuration.
public struct KeyPolicy: Sendable, Hashable {
    /// What new signing keys are.
    public var algorithm: SigningAlgorithm
    /// How long a key signs.
    public var rotation: Duration
    /// How long an access token may live: so long a retired signing key is published.
    public var longestAccessLifetime: Duration
    /// How long a session may live: so long a retired refresh key is kept, and a day more.
    public var longestSession: Duration

    /// The policy of a configuration.
    public init(settings: TokenSettings, clients: [Client]) {
        algorithm = settings.algorithm
        rotation = settings.keyRotation
        longestAccessLifetime =
            clients.compactMap(\.accessLifetime).reduce(max(settings.accessLifetime, settings.loginLifetime), max)
        longestSession = clients.compactMap(\.sessionMax).reduce(settings.sessionMax, max)
    }

    /// For other nodes, which go on with the old key until they have heard of the new one, and whose clocks differ.
    private static let margin = Duration.seconds(300)

    /// How long a key is published before the clock lets it sign: longer than a verifier may keep the key set
    /// (max-age=300) and other nodes take to hear of a new key; less only where keys are rotated more often.
    var overlap: Duration { min(.seconds(360), rotation) }

    /// The longest life of what a key makes.
    func tokenLifetime(_ use: StoredKey.Use) -> Duration {
        switch use {
        case .sign: longestAccessLifetime
        // An expired refresh token says so for a day, which takes its key.
        case .refresh: longestSession + .seconds(86_400)
        }
    }

    /// From the retirement of `key` to its removal: what it made under an earlier configuration may live longer.
    func retention(_ key: StoredKey) -> Duration {
        max(key.tokenLifetime, tokenLifetime(key.use)) + Self.margin
    }
}
