import Authentication

@testable import Tokens

/// A key ring's surroundings: a store, a clock and a master key.
struct KeyRig {
    let clock = TestClock()
    let store = MemoryStore()
    let masterKey = MasterKey.random()

    func policy(
        _ algorithm: SigningAlgorithm = .es256,
        rotation: Duration = .seconds(30 * 86_400)
    ) -> KeyPolicy {
        KeyPolicy(
            settings: TokenSettings(algorithm: algorithm, keyRotation: rotation),
            clients: [Client(id: "a", accessLifetime: .seconds(20 * 3600), sessionMax: .seconds(48 * 3600))]
        )
    }

    func open(_ policy: KeyPolicy, _ masterKey: MasterKey? = nil) async throws -> KeyRing {
        try await KeyRing.open(
            store: store,
            masterKey: masterKey ?? self.masterKey,
            policy: policy,
            pool: InlinePool(),
            clock: clock
        )
    }

    func phases(_ use: StoredKey.Use) async throws -> [String] {
        try await store.keys().filter { $0.use == use }.map { "\($0.algorithm) \($0.phase.rawValue)" }.sorted()
    }
}
