import Testing

@testable import EventPoller

@Suite struct TimerHeapTests {
    private let start = ContinuousClock.now

    @Test func firesInOrderOfDeadlineThenOfSetting() {
        var heap = TimerHeap<String>()
        for (name, seconds) in [("c", 3), ("a", 1), ("d", 4), ("b", 2), ("b2", 2)] {
            _ = heap.insert(name, at: start + .seconds(seconds))
        }
        var fired: [String] = []
        while let name = heap.popDue(start + .seconds(3)) { fired.append(name) }
        #expect(fired == ["a", "b", "b2", "c"])
        #expect(heap.next() == start + .seconds(4))
        #expect(heap.count == 1)
    }

    @Test func nothingIsDueBeforeItsTime() {
        var heap = TimerHeap<String>()
        _ = heap.insert("x", at: start + .seconds(1))
        #expect(heap.popDue(start) == nil)
        #expect(heap.popDue(start + .seconds(1)) == "x")
        #expect(heap.next() == nil)
    }

    @Test func removedTimersNeitherFireNorPileUp() {
        var heap = TimerHeap<Int>()
        let kept = heap.insert(-1, at: start + .seconds(5))
        for round in 0..<10_000 {
            heap.remove(heap.insert(round, at: start + .seconds(10)))
        }
        #expect(heap.count == 1)
        #expect(heap.footprint <= 130)
        heap.remove(kept)
        heap.remove(kept)
        #expect(heap.next() == nil)
    }

    @Test func agreesWithSorting() {
        var generator = SystemRandomNumberGenerator()
        var heap = TimerHeap<Int>()
        var model: [UInt64: Int] = [:]
        for step in 0..<2000 {
            let offset = Int.random(in: 0..<500, using: &generator)
            model[heap.insert(offset, at: start + .milliseconds(offset))] = offset
            if step % 3 == 0, let victim = model.keys.randomElement() {
                heap.remove(victim)
                model[victim] = nil
            }
        }
        var popped: [Int] = []
        while let offset = heap.popDue(start + .seconds(1)) { popped.append(offset) }
        #expect(popped == model.values.sorted())
    }
}
