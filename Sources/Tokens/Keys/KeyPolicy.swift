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

    /// How long a key of another algorithm is published before it signs: longer than a verifier may keep the key set
    /// (max-age=300) and other nodes take to hear of a new key.
    static let overlap = Duration.seconds(360)

    /// From retirement to removal.
    func retention(_ use: StoredKey.Use) -> Duration {
        switch use {
        case .sign: longestAccessLifetime + Self.margin
        // An expired refresh token says so for a day, which takes its key.
        case .refresh: longestSession + .seconds(86_400) + Self.margin
        }
    }
}
