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

    /// Keys that go on in another phase.
    private(set) var changed: [StoredKey] = []
    /// Ids of keys that go.
    private(set) var removed: [String] = []
    /// Keys to be made.
    private(set) var orders: [Order] = []

    var isEmpty: Bool { changed.isEmpty && removed.isEmpty && orders.isEmpty }

    init(keys: [StoredKey], policy: KeyPolicy, now: Timestamp, trigger: Trigger) {
        for key in keys where key.phase == .retired {
            if let retireAt = key.retireAt, retireAt <= now { removed.append(key.id) }
        }
        planSigning(keys.filter { $0.use == .sign }, policy, now, trigger)
        planRefresh(keys.filter { $0.use == .refresh }, policy, now, trigger)
    }

    private mutating func planSigning(
        _ keys: [StoredKey],
        _ policy: KeyPolicy,
        _ now: Timestamp,
        _ trigger: Trigger
    ) {
        let wanted = policy.algorithm.rawValue
        let current = keys.last { $0.phase == .current }
        var next = keys.last { $0.phase == .next }
        let isForeign = current.map { $0.algorithm != wanted } ?? true
        // The configured algorithm signs once verifiers have had the time to see its key.
        let isKnown = next.map { $0.algorithm == wanted && $0.createdAt + KeyPolicy.overlap <= now } ?? false
        let mustReplace = Self.isDue(current, policy, now) || trigger == .command || (isForeign && isKnown)
        if let known = next, known.algorithm != wanted, mustReplace || trigger == .configuration {
            // It has never signed, so nobody misses it.
            removed.append(known.id)
            next = nil
        }
        guard mustReplace else {
            if next == nil { orders.append(Order(use: .sign, phase: .next)) }
            return
        }
        if let current { retire(current, policy, now) }
        if let next {
            activate(next, now)
        } else {
            orders.append(Order(use: .sign, phase: .current))
        }
        orders.append(Order(use: .sign, phase: .next))
    }

    private mutating func planRefresh(
        _ keys: [StoredKey],
        _ policy: KeyPolicy,
        _ now: Timestamp,
        _ trigger: Trigger
    ) {
        // Nobody but our nodes reads refresh tokens, and they share the store: no next one is published.
        let current = keys.last { $0.phase == .current }
        guard Self.isDue(current, policy, now) || trigger == .command else { return }
        if let current { retire(current, policy, now) }
        orders.append(Order(use: .refresh, phase: .current))
    }

    private static func isDue(_ current: StoredKey?, _ policy: KeyPolicy, _ now: Timestamp) -> Bool {
        guard let current else { return true }
        return (current.activatedAt ?? current.createdAt) + policy.rotation <= now
    }

    private mutating func retire(_ key: StoredKey, _ policy: KeyPolicy, _ now: Timestamp) {
        var key = key
        key.phase = .retired
        key.retireAt = now + policy.retention(key.use)
        changed.append(key)
    }

    private mutating func activate(_ key: StoredKey, _ now: Timestamp) {
        var key = key
        key.phase = .current
        key.activatedAt = now
        changed.append(key)
    }
}
