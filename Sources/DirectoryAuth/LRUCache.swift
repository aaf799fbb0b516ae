/// A cache with a bound and a time to live; when it is full, the value used longest ago goes.
///
/// Pure: the caller brings the time and the lock. A list threaded through an array, so that nothing is moved or searched.
struct LRUCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Node {
        var key: Key
        var value: Value
        var expires: ContinuousClock.Instant
        var newer: Int
        var older: Int
    }

    private let capacity: Int
    private let lifetime: Duration
    private var positions: [Key: Int] = [:]
    private var nodes: [Node] = []
    private var newest = -1
    private var oldest = -1

    /// At most `capacity` values, each kept for `lifetime` after it was put in.
    init(capacity: Int, lifetime: Duration) {
        self.capacity = max(capacity, 1)
        self.lifetime = lifetime
    }

    /// How many values are kept, expired ones included.
    var count: Int { nodes.count }

    /// The value, unless it has expired; being asked for keeps it from being the next to go, but not from expiring.
    mutating func value(for key: Key, now: ContinuousClock.Instant) -> Value? {
        guard let position = positions[key] else { return nil }
        guard nodes[position].expires > now else {
            remove(key)
            return nil
        }
        if position != newest {
            unlink(position)
            link(position)
        }
        return nodes[position].value
    }

    /// Puts a value in, in place of the one that was there.
    mutating func insert(_ value: Value, for key: Key, now: ContinuousClock.Instant) {
        guard lifetime > .zero else { return }
        remove(key)
        if nodes.count >= capacity, oldest >= 0 { remove(nodes[oldest].key) }
        nodes.append(Node(key: key, value: value, expires: now + lifetime, newer: -1, older: -1))
        positions[key] = nodes.count - 1
        link(nodes.count - 1)
    }

    /// Forgets a value.
    mutating func remove(_ key: Key) {
        guard let position = positions.removeValue(forKey: key) else { return }
        unlink(position)
        let last = nodes.count - 1
        // The last node moves into the hole, and its neighbours are told.
        if position != last {
            nodes.swapAt(position, last)
            positions[nodes[position].key] = position
            if nodes[position].newer >= 0 { nodes[nodes[position].newer].older = position } else { newest = position }
            if nodes[position].older >= 0 { nodes[nodes[position].older].newer = position } else { oldest = position }
        }
        nodes.removeLast()
    }

    /// Forgets every value that is meant.
    mutating func removeAll(where isMeant: (Value) -> Bool) {
        let keys = nodes.filter { isMeant($0.value) }.map(\.key)
        for key in keys { remove(key) }
    }

    private mutating func unlink(_ position: Int) {
        let (newer, older) = (nodes[position].newer, nodes[position].older)
        if newer >= 0 { nodes[newer].older = older } else { newest = older }
        if older >= 0 { nodes[older].newer = newer } else { oldest = newer }
    }

    private mutating func link(_ position: Int) {
        nodes[position].newer = -1
        nodes[position].older = newest
        if newest >= 0 { nodes[newest].newer = position }
        newest = position
        if oldest < 0 { oldest = position }
    }
}
