internal import Synchronization

/// A number that only grows; adding takes no lock and no memory.
final class Counter: Sendable {
    private let number = Atomic<UInt64>(0)

    /// What was counted so far.
    var value: UInt64 { number.load(ordering: .relaxed) }

    func increment(by amount: UInt64 = 1) {
        number.add(amount, ordering: .relaxed)
    }
}
