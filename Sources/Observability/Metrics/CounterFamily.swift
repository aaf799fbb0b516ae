internal import Synchronization

/// Counters of one name, told apart by labels.
///
/// Those known at the start are found without a lock. Others (a directory added by a reload, a reason not foreseen) are made
/// when first counted, under a lock, and there is a bound to them: beyond it nothing new is counted by itself.
final class CounterFamily<Labels: Hashable & Sendable>: Sendable {
    /// A scrape must stay small whatever happens.
    static var limit: Int { 512 }

    private let known: [Labels: Counter]
    private let late = Mutex<[Labels: Counter]>([:])
    private let overflow: Labels

    /// - Parameter overflow: what is counted in place of labels beyond the bound.
    init(known: [Labels] = [], overflow: Labels) {
        self.known = Dictionary(known.map { ($0, Counter()) }, uniquingKeysWith: { first, _ in first })
        self.overflow = overflow
    }

    func increment(_ labels: Labels) {
        counter(labels).increment()
    }

    private func counter(_ labels: Labels) -> Counter {
        if let counter = known[labels] { return counter }
        return late.withLock { late in
            if let counter = late[labels] { return counter }
            let labels = late.count < Self.limit ? labels : overflow
            let counter = late[labels] ?? Counter()
            late[labels] = counter
            return counter
        }
    }

    /// All counters that exist.
    var values: [Labels: UInt64] {
        let late = late.withLock { $0 }
        return known.merging(late) { known, _ in known }.mapValues(\.value)
    }
}
