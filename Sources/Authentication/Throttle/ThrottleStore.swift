/// Addresses from which an account was used, as the store keeps them.
public struct KnownAddress: Sendable, Hashable {
    /// For the name as asked for, from that address.
    public var name: ThrottleKey

    /// For the identity, from that address.
    public var person: ThrottleKey

    /// The last success that was worth writing down.
    public var at: Timestamp

    /// A success.
    public init(name: ThrottleKey, person: ThrottleKey, at: Timestamp) {
        self.name = name
        self.person = person
        self.at = at
    }
}

/// What the store holds of the throttle.
public struct ThrottleRecords: Sendable {
    /// Counts, cleared ones included.
    public var counts: [(key: ThrottleKey, count: ThrottleCount)]

    /// Addresses with a success.
    public var known: [KnownAddress]

    /// A set of records.
    public init(counts: [(key: ThrottleKey, count: ThrottleCount)] = [], known: [KnownAddress] = []) {
        self.counts = counts
        self.known = known
    }
}

/// Where counts outlive a restart, and where other nodes hear of them.
public protocol ThrottleStore: Sendable {
    /// True when other nodes write there, too, so that looking for their changes makes sense.
    var hasOtherNodes: Bool { get }

    /// Changes the counts of `keys` as they are in the store, all in one transaction, and returns what they are then.
    ///
    /// - Parameters:
    ///   - change: may be called more than once for a key, each time with the count as it then is.
    ///   - end: when a count may be removed.
    func updateThrottle(
        _ keys: [ThrottleKey],
        _ change: @escaping @Sendable (ThrottleKey, inout ThrottleCount) -> Void,
        end: @escaping @Sendable (ThrottleKey, ThrottleCount) -> Timestamp
    ) async throws(StoreError) -> [ThrottleKey: ThrottleCount]

    /// Counts that changed after a moment of the writers' clocks, the newest `limit`.
    func throttleCounts(
        after moment: Timestamp,
        limit: Int
    ) async throws(StoreError) -> [(key: ThrottleKey, count: ThrottleCount)]

    /// Successes after a moment of the writers' clocks, the newest `limit`.
    func knownAddresses(after moment: Timestamp, limit: Int) async throws(StoreError) -> [KnownAddress]

    /// Keeps successes; a later one replaces an earlier one.
    func keep(_ known: [KnownAddress]) async throws(StoreError)

    /// Removes counts that ended before `ended`, successes before `known`, and the oldest beyond `limit` of each kind.
    func purgeThrottle(ended: Timestamp, known: Timestamp, limit: Int) async throws(StoreError)
}
