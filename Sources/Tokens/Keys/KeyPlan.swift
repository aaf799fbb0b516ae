internal import Authentication

/// What is to be done to the stored keys: a pure function of the keys, the policy and the time.
struct KeyPlan {
    /// Why keys are looked at.
    enum Trigger {
        /// The clock.
        case schedule
        /// A start or a reload: the next key must be of the configured algorithm. Only then, because two nodes whose
        /// configurations differ for a while would otherwise take turns in replacing each other's key.
        case configuration
        /// `key rotate`.
        case command
    }

    /// A key to be made.
    struct Order: Hashable {
        var use: StoredKey.Use
        var phase: StoredKey.Phase
    }

    /// Keys that go on otherwise.
    private(set) var changed: [StoredKey] = []
    /// Ids of keys that go.
    private(set) var removed: [String] = []
    /// Keys to be made.
    private(set) var orders: [Order] = []

    var isEmpty: Bool { changed.isEmpty && removed.isEmpty && orders.isEmpty }

    private let policy: KeyPolicy
    private let now: Timestamp
    private let trigger: Trigger

    /// - Parameter removesRetired: false while `now` is in doubt: a key that was removed does not come back.
    init(keys: [StoredKey], policy: KeyPolicy, now: Timestamp, trigger: Trigger, removesRetired: Bool = true) {
        self.policy = policy
        self.now = now
        self.trigger = trigger
        if removesRetired {
            for key in keys where key.phase == .retired {
                if let retireAt = key.retireAt, retireAt <= now { removed.append(key.id) }
            }
        }
        planSigning(keys.filter { $0.use == .sign })
        planRefresh(keys.filter { $0.use == .refresh })
    }

    private mutating func planSigning(_ keys: [StoredKey]) {
        var next = keys.last { $0.phase == .next }
        if let known = next, known.algorithm != policy.algorithm.rawValue, trigger != .schedule {
            // It has never signed, so nobody misses it.
            removed.append(known.id)
            next = nil
        }
        if let current = keys.last(where: { $0.phase == .current }) {
            guard mustReplace(current, by: next) else {
                promise(current)
                if next == nil { orders.append(Order(use: .sign, phase: .next)) }
                return
            }
            retire(current)
        }
        if let next {
            activate(next)
        } else {
            orders.append(Order(use: .sign, phase: .current))
        }
        orders.append(Order(use: .sign, phase: .next))
    }

    /// By hand at once; by the clock only once verifiers have had the time to see the next key.
    private func mustReplace(_ current: StoredKey, by next: StoredKey?) -> Bool {
        if trigger == .command { return true }
        guard let next, next.createdAt + policy.overlap <= now else { return false }
        let wanted = policy.algorithm.rawValue
        return isDue(current) || (current.algorithm != wanted && next.algorithm == wanted)
    }

    private mutating func planRefresh(_ keys: [StoredKey]) {
        // Nobody but our nodes reads refresh tokens, and they share the store: no next one is published.
        guard let current = keys.last(where: { $0.phase == .current }) else {
            orders.append(Order(use: .refresh, phase: .current))
            return
        }
        guard isDue(current) || trigger == .command else {
            promise(current)
            return
        }
        retire(current)
        orders.append(Order(use: .refresh, phase: .current))
    }

    private func isDue(_ current: StoredKey) -> Bool {
        (current.activatedAt ?? current.createdAt) + policy.rotation <= now
    }

    /// Notes that from now on the key makes tokens that live longer.
    private mutating func promise(_ key: StoredKey) {
        let lifetime = policy.tokenLifetime(key.use)
        guard trigger != .schedule, key.tokenLifetime < lifetime else { return }
        var key = key
        key.tokenLifetime = lifetime
        changed.append(key)
    }

    private mutating func retire(_ key: StoredKey) {
        var key = key
        key.phase = .retired
        key.retireAt = now + policy.retention(key)
        changed.append(key)
    }

    private mutating func activate(_ key: StoredKey) {
        var key = key
        key.phase = .current
        key.activatedAt = now
        key.tokenLifetime = policy.tokenLifetime(key.use)
        changed.append(key)
    }
}
