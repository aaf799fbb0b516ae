/// Deadlines in order: a binary heap of (deadline, id) beside a table of payloads. Pure; knows no clock.
///
/// Most timers are taken back before they fire (an answer came in time), so that removal must be cheap: it only drops the
/// payload. The dead heap entries are thrown out when they are the majority.
struct TimerHeap<Payload> {
    private var heap: [(deadline: ContinuousClock.Instant, id: UInt64)] = []
    private var payloads: [UInt64: Payload] = [:]
    private var lastID: UInt64 = 0

    /// How many timers are set.
    var count: Int { payloads.count }

    /// How many heap entries are kept, dead ones included.
    var footprint: Int { heap.count }

    /// The earliest deadline, if any.
    mutating func next() -> ContinuousClock.Instant? {
        while let first = heap.first {
            if payloads[first.id] != nil { return first.deadline }
            _ = pop()
        }
        return nil
    }

    mutating func insert(_ payload: Payload, at deadline: ContinuousClock.Instant) -> UInt64 {
        lastID += 1
        insert(payload, id: lastID, at: deadline)
        return lastID
    }

    /// Under a number of the caller's own, which is never used again.
    mutating func insert(_ payload: Payload, id: UInt64, at deadline: ContinuousClock.Instant) {
        payloads[id] = payload
        heap.append((deadline, id))
        siftUp(heap.count - 1)
    }

    mutating func remove(_ id: UInt64) {
        guard payloads.removeValue(forKey: id) != nil else { return }
        if heap.count > 64, heap.count > 2 * payloads.count { compact() }
    }

    /// Takes the earliest payload whose deadline has come.
    mutating func popDue(_ now: ContinuousClock.Instant) -> Payload? {
        guard let deadline = next(), deadline <= now else { return nil }
        return payloads.removeValue(forKey: pop().id)
    }

    mutating func removeAll() {
        heap = []
        payloads = [:]
    }

    private mutating func compact() {
        heap.removeAll { payloads[$0.id] == nil }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    private mutating func pop() -> (deadline: ContinuousClock.Instant, id: UInt64) {
        heap.swapAt(0, heap.count - 1)
        let last = heap.removeLast()
        siftDown(0)
        return last
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(child, parent) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    /// Equal deadlines fire in the order they were set.
    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].deadline, heap[left].id) < (heap[right].deadline, heap[right].id)
    }
}
