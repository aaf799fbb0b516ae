public import Authentication
internal import FoundationEssentials
internal import Synchronization

/// The keys of this node: made at first start, wrapped in the store, rotated on schedule, shared with other nodes.
///
/// Signing and verifying read memory only. Every change goes through `KeyStore.replaceKeys`, a compare-and-swap, so
/// that nodes that rotate at the same moment end with the same keys. One instance lives as long as the process;
/// a reload hands it its new policy.
public final class KeyRing: Sendable {
    struct State {
        var policy: KeyPolicy
        var masterKey: MasterKey
        var use: KeyUse
        /// The serials of the reading that began last, and of the one in use.
        var lastReading = 0
        var adopted = 0
        /// When an unknown refresh key last made it read the store, and what came of that.
        var look: (begun: ContinuousClock.Instant, reading: Task<Result<Void, KeyError>, Never>)?
    }

    let store: any KeyStore
    let masterKeys: (any MasterKeySource)?
    private let isShared: Bool
    private let pool: any WorkPool
    private let clock: any WallClock
    let state: Mutex<State>

    /// Opens the keys of a store, and makes what is missing for `policy`.
    ///
    /// - Parameters:
    ///   - masterKeys: where to look when `masterKey` is not the store's, or is not any more.
    ///   - isShared: true when other nodes use the same store at the same time.
    ///   - pool: where RSA keys are made, because that takes long.
    /// - Throws: `.masterKey` when the store was made with another master key, `.unreadable`, `.store`, `.busy`.
    public static func open(
        store: any KeyStore,
        masterKey: MasterKey,
        masterKeys: (any MasterKeySource)? = nil,
        isShared: Bool = false,
        policy: KeyPolicy,
        pool: any WorkPool,
        clock: any WallClock = SystemWallClock()
    ) async throws(KeyError) -> KeyRing {
        var masterKey = masterKey
        let check = try await Self.check(masterKey, store)
        if check != masterKey.checkValue {
            guard let found = masterKeys?.masterKey(check: check) else { throw .otherMasterKey }
            masterKey = found
        }
        let maker = KeyMaker(masterKey: masterKey, pool: pool)
        let first = try await maker.update(store, policy, clock, .configuration) { () throws(KeyError) in
            try await read(store, serial: 0)
        }
        let snapshot = try KeySnapshot(first, masterKey: masterKey)
        let use = KeyUse(snapshot, after: nil, isShared: isShared, policy: policy, now: clock.now())
        return KeyRing(
            store,
            masterKeys,
            isShared,
            pool,
            clock,
            State(policy: policy, masterKey: masterKey, use: use)
        )
    }

    private init(
        _ store: any KeyStore,
        _ masterKeys: (any MasterKeySource)?,
        _ isShared: Bool,
        _ pool: any WorkPool,
        _ clock: any WallClock,
        _ state: State
    ) {
        self.store = store
        self.masterKeys = masterKeys
        self.isShared = isShared
        self.pool = pool
        self.clock = clock
        self.state = Mutex(state)
    }

    /// The check value of the store's master key.
    static func check(_ masterKey: MasterKey, _ store: any KeyStore) async throws(KeyError) -> [UInt8] {
        do {
            return try await store.masterKeyCheck(orStore: masterKey.checkValue)
        } catch {
            throw KeyError(error)
        }
    }

    /// The JWKS document, ready to send.
    public var document: [UInt8] { snapshot.document }

    /// The keys as the store keeps them, oldest first, for `key list`.
    public var storedKeys: [StoredKey] { snapshot.stored }

    /// Which master key wraps the keys now.
    public var masterKeyCheck: [UInt8] { masterKey.checkValue }

    /// Follows a new configuration. The key of another algorithm is published now and signs some minutes later, by
    /// `rotateIfDue()`; tokens of the old one stay good.
    public func apply(_ policy: KeyPolicy) async throws(KeyError) {
        try await update(policy, .configuration)
    }

    /// Rotates when the current key has signed for `key_rotation`, and removes retired keys whose time is over.
    ///
    /// - Parameter removesRetired: false while the clock is in doubt.
    /// - Returns: true when anything changed; asks the store only then.
    @discardableResult
    public func rotateIfDue(removesRetired: Bool = true) async throws(KeyError) -> Bool {
        let (policy, stored) = state.withLock { ($0.policy, $0.use.snapshot.stored) }
        let plan = KeyPlan(
            keys: stored,
            policy: policy,
            now: clock.now(),
            trigger: .schedule,
            removesRetired: removesRetired
        )
        guard !plan.isEmpty else { return false }
        try await update(policy, .schedule, removesRetired: removesRetired)
        return true
    }

    /// Promotes the published next key at once and publishes a new next one (`key rotate`).
    public func rotate() async throws(KeyError) {
        try await update(state.withLock { $0.policy }, .command)
    }

    /// Wraps every key by `new` instead of the present master key, in one transaction of the store.
    ///
    /// The caller has put `new` on the disk before, where the other processes on this store look for it.
    /// - Throws: `.masterKey` when another process did the same at the same moment.
    public func rotateMasterKey(to new: MasterKey) async throws(KeyError) {
        let held = masterKey
        do {
            try await KeyMaker(masterKey: held, pool: pool).rewrap(store, by: new)
        } catch  where error.code == .unreadable {
            guard try await Self.check(held, store) == held.checkValue else { throw .otherMasterKey }
            throw error
        }
        try await reload(by: new)
    }

    private func update(
        _ policy: KeyPolicy,
        _ trigger: KeyPlan.Trigger,
        removesRetired: Bool = true
    ) async throws(KeyError) {
        let held = masterKey
        do {
            try await update(policy, trigger, removesRetired, by: held)
        } catch  where error.code == .masterKey {
            try await update(policy, trigger, removesRetired, by: try await follow(held))
        }
    }

    private func update(
        _ policy: KeyPolicy,
        _ trigger: KeyPlan.Trigger,
        _ removesRetired: Bool,
        by masterKey: MasterKey
    ) async throws(KeyError) {
        let maker = KeyMaker(masterKey: masterKey, pool: pool)
        let reading = try await maker.update(
            store,
            policy,
            clock,
            trigger,
            removesRetired: removesRetired
        ) { () throws(KeyError) in
            try await read()
        }
        // A rotation may have begun before a new policy came.
        try adopt(reading, by: masterKey, trigger == .configuration ? policy : nil)
    }

    /// Asks the store for the keys.
    func read() async throws(KeyError) -> KeyReading {
        let serial = state.withLock { state in
            state.lastReading += 1
            return state.lastReading
        }
        return try await Self.read(store, serial: serial)
    }

    private static func read(_ store: any KeyStore, serial: Int) async throws(KeyError) -> KeyReading {
        do {
            return KeyReading(keys: try await store.keys(), serial: serial)
        } catch {
            throw KeyError(error)
        }
    }

    /// Opens what was read and goes on with it, unless a reading that began later was quicker.
    func adopt(_ reading: KeyReading, by masterKey: MasterKey, _ policy: KeyPolicy? = nil) throws(KeyError) {
        let snapshot = try KeySnapshot(reading, masterKey: masterKey)
        let now = clock.now()
        state.withLock { state in
            let isLatest = reading.serial > state.adopted
            if isLatest {
                state.adopted = reading.serial
                state.masterKey = masterKey
            }
            state.policy = policy ?? state.policy
            state.use = KeyUse(
                isLatest ? snapshot : state.use.snapshot,
                after: state.use,
                isShared: isShared,
                policy: state.policy,
                now: now
            )
        }
    }

    /// How often keys are to be rotated.
    var rotation: Duration { state.withLock { $0.policy.rotation } }

    var masterKey: MasterKey { state.withLock { $0.masterKey } }

    private var use: KeyUse { state.withLock { $0.use } }

    /// The keys in use now; a caller with several questions asks the same one.
    var snapshot: KeySnapshot { use.snapshot }

    /// Signs a payload with the current key.
    func sign(_ payload: [UInt8]) throws(KeyError) -> String {
        try use.signing.sign(payload)
    }

    /// The key whose tokens carry this protected header; nil for every other header.
    func verifyingKey(header: String) -> VerifyingKey? {
        snapshot.verifying[header]
    }

    /// The refresh token of a session at a generation; the same for the same moment, also after a rotation of keys.
    ///
    /// - Parameter issuedAt: when that generation began.
    func refreshToken(session: UUID, generation: Int32, issuedAt: Timestamp) -> String {
        RefreshToken(session: session, generation: generation).encode(with: use.refresh(at: issuedAt))
    }

    /// Reads a refresh token; nil for whatever was not made with a key of this store, as far as this node has heard.
    func readRefreshToken(_ text: String) -> RefreshToken? {
        RefreshToken(text, keys: snapshot.refreshKeys)
    }
}
