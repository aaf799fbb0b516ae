/// A table with a bound, in which what was written longest ago goes first. Pure.
///
/// Two halves: what is written goes into the young one; when that is full it becomes the old one, and what nobody has
/// written again since is let go at once. So no write ever searches for the oldest.
struct AgingTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private let half: Int

    /// At most `capacity` values, and at least half as many before anything goes.
    init(capacity: Int) {
        half = max(1, capacity / 2)
    }

    /// How many values there are.
    var count: Int { young.count + old.count }

    /// The value for a key; nil removes it.
    subscript(key: Key) -> Value? {
        get { young[key] ?? old[key] }
        set {
            if !old.isEmpty { old.removeValue(forKey: key) }
            guard let newValue else {
                young.removeValue(forKey: key)
                return
            }
            if young.count >= half, young[key] == nil { (old, young) = (young, [:]) }
            young[key] = newValue
        }
    }

    /// Removes what is not worth keeping.
    mutating func removeAll(where shouldGo: (Value) -> Bool) {
        young = young.filter { !shouldGo($0.value) }
        old = old.filter { !shouldGo($0.value) }
    }
}
