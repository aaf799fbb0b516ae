public import Authentication
internal import FoundationEssentials
internal import Synchronization

/// The keys of this node: made at first start, wrapped in the store, rotated on schedule, shared with other nodes.
///
/// Signing and verifying read memory only. Every change goes through `KeyStore.replaceKeys`, a compare-and-swap, so
/// that nodes that rotate at the same moment end with the same keys. One instance lives as long as the process;
/// a reload hands it its new policy.
public final class KeyRing: Sendable {
    private struct State {
        var policy: KeyPolicy
        var snapshot: KeySnapshot
    }

    private let store: any KeyStore
    private let masterKey: MasterKey
    private let pool: any WorkPool
    private let clock: any WallClock
    private let state: Mutex<State>

    /// Opens the keys of a store, and makes what is missing for `policy`.
    ///
    /// - Parameter pool: where RSA keys are made, because that takes long.
    /// - Throws: `.masterKey` when the store was made with another master key, `.unreadable`, `.store`, `.busy`.
    public static func open(
        store: any KeyStore,
        masterKey: MasterKey,
        policy: KeyPolicy,
        pool: any WorkPool,
        clock: any WallClock = SystemWallClock()
    ) async throws(KeyError) -> KeyRing {
        try await checkMasterKey(masterKey, store)
        let maker = KeyMaker(masterKey: masterKey, pool: pool)
        let stored = try await maker.update(store, policy, clock, .configuration)
        let snapshot = try KeySnapshot(stored, masterKey: masterKey)
        return KeyRing(store, masterKey, pool, clock, State(policy: policy, snapshot: snapshot))
    }

    private init(
        _ store: any KeyStore,
        _ masterKey: MasterKey,
        _ pool: any WorkPool,
        _ clock: any WallClock,
        _ state: State
    ) {
        self.store = store
        self.masterKey = masterKey
        self.pool = pool
        self.clock = clock
        self.state = Mutex(state)
    }

    private static func checkMasterKey(_ masterKey: MasterKey, _ store: any KeyStore) async throws(KeyError) {
        let check: [UInt8]
        do {
            check = try await store.masterKeyCheck(orStore: masterKey.checkValue)
        } catch {
            throw KeyError(error)
        }
        guard check == masterKey.checkValue else {
            throw KeyError(
                .masterKey,
                "The master key is another one than this store was made with: put the old key back (master_key_file), or start with an empty store."
            )
        }
    }

    /// The JWKS document, ready to send.
    public var document: [UInt8] { snapshot.document }

    /// The keys as the store keeps them, oldest first, for `key list`.
    public var storedKeys: [StoredKey] { snapshot.stored }

    /// Reads the keys again, after another process changed them.
    public func reload() async throws(KeyError) {
        let stored: [StoredKey]
        do {
            stored = try await store.keys()
        } catch {
            throw KeyError(error)
        }
        try adopt(stored)
    }

    /// Follows a new configuration. The key of another algorithm is published now and signs some minutes later, by
    /// `rotateIfDue()`; tokens of the old one stay good.
    public func apply(_ policy: KeyPolicy) async throws(KeyError) {
        let stored = try await KeyMaker(masterKey: masterKey, pool: pool).update(store, policy, clock, .configuration)
        let snapshot = try KeySnapshot(stored, masterKey: masterKey)
        state.withLock { $0 = State(policy: policy, snapshot: snapshot) }
    }

    /// Rotates when the current key has signed for `key_rotation`, and removes retired keys whose time is over.
    ///
    /// - Returns: true when anything changed; asks the store only then.
    @discardableResult
    public func rotateIfDue() async throws(KeyError) -> Bool {
        let (policy, stored) = state.withLock { ($0.policy, $0.snapshot.stored) }
        guard !KeyPlan(keys: stored, policy: policy, now: clock.now(), trigger: .schedule).isEmpty else { return false }
        try await update(policy, .schedule)
        return true
    }

    /// Promotes the published next key at once and publishes a new next one (`key rotate`).
    public func rotate() async throws(KeyError) {
        try await update(state.withLock { $0.policy }, .command)
    }

    private func update(_ policy: KeyPolicy, _ trigger: KeyPlan.Trigger) async throws(KeyError) {
        try adopt(try await KeyMaker(masterKey: masterKey, pool: pool).update(store, policy, clock, trigger))
    }

    private func adopt(_ stored: [StoredKey]) throws(KeyError) {
        let snapshot = try KeySnapshot(stored, masterKey: masterKey)
        state.withLock { $0.snapshot = snapshot }
    }

    /// How often keys are to be rotated.
    var rotation: Duration { state.withLock { $0.policy.rotation } }

    private var snapshot: KeySnapshot { state.withLock { $0.snapshot } }

    /// Signs a payload with the current key.
    func sign(_ payload: [UInt8]) throws(KeyError) -> String {
        try snapshot.signing.sign(payload)
    }

    /// The key whose tokens carry this protected header; nil for every other header.
    func verifyingKey(header: String) -> VerifyingKey? {
        snapshot.verifying[header]
    }

    /// The refresh token of a session at a generation.
    func refreshToken(session: UUID, generation: Int32) -> String {
        RefreshToken(session: session, generation: generation).encode(with: snapshot.refresh)
    }

    /// Reads a refresh token; nil for whatever was not made with a key of this store.
    func readRefreshToken(_ text: String) -> RefreshToken? {
        RefreshToken(text, keys: snapshot.refreshKeys)
    }
}
