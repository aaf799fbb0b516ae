/// What one attempt changed in the counts, for the store to do the same.
struct ThrottleChange: Sendable, Hashable {
    /// When.
    var at: Timestamp
    /// Counts of accounts with one failure more.
    var accounts: [ThrottleKey] = []
    /// Counts of addresses with one failure more.
    var addresses: [ThrottleKey] = []
    /// Counts cleared by a success.
    var cleared: [ThrottleKey] = []

    init(_ at: Timestamp) { self.at = at }

    var keys: [ThrottleKey] { (accounts + addresses + cleared).sorted() }

    /// Does to the count of `key` what happened to it.
    func apply(to key: ThrottleKey, _ count: inout ThrottleCount, _ settings: ThrottleSettings) {
        if cleared.contains(key) {
            count.clear(at: at)
        } else {
            count.fail(at: at, addresses.contains(key) ? settings.address : settings.account)
        }
    }

    /// When the count of `key` is of no more use. A cleared one stays for a while: others have to hear of it.
    func end(of key: ThrottleKey, _ count: ThrottleCount, _ settings: ThrottleSettings) -> Timestamp {
        count.end(addresses.contains(key) ? settings.address : settings.account) + .seconds(60)
    }
}
