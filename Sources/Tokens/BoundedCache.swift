/// A cache with a bound: what was asked for lately stays, the rest goes, half of it at a time.
///
/// New values go into the young half. When that is full it becomes the old half, and what the old one held is forgotten;
/// being asked for brings a value back into the young half. Every step takes constant time, and no list is kept.
/// Pure: the caller brings the lock, and judges by itself whether a value is still good.
struct BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        var value: Value
        var weight: Int
    }

    private let half: Int
    private var young: [Key: Entry] = [:]
    private var old: [Key: Entry] = [:]
    private var youngWeight = 0

    /// A cache whose values weigh at most `capacity` together, in whatever unit `insert` is told.
    init(capacity: Int) {
        half = max(capacity / 2, 1)
    }

    /// How many values are kept.
    var count: Int { young.count + old.count }

    /// The value for `key`, if it is still kept.
    mutating func value(for key: Key) -> Value? {
        if let entry = young[key] { return entry.value }
        guard let entry = old.removeValue(forKey: key) else { return nil }
        insert(entry.value, for: key, weight: entry.weight)
        return entry.value
    }

    /// Keeps a value, in place of the one that was there; one heavier than half the capacity is not kept.
    mutating func insert(_ value: Value, for key: Key, weight: Int = 1) {
        remove(key)
        guard weight <= half else { return }
        if youngWeight + weight > half {
            old = young
            young = [:]
            youngWeight = 0
        }
        young[key] = Entry(value: value, weight: weight)
        youngWeight += weight
    }

    /// Forgets a value.
    mutating func remove(_ key: Key) {
        if let entry = young.removeValue(forKey: key) {
            youngWeight -= entry.weight
        } else {
            old.removeValue(forKey: key)
        }
    }

    /// Forgets all values for which `condition` holds; looks at every one.
    mutating func removeAll(where condition: (Value) -> Bool) {
        young = young.filter { !condition($0.value.value) }
        old = old.filter { !condition($0.value.value) }
        youngWeight = young.values.reduce(0) { $0 + $1.weight }
    }
}
