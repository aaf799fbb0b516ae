import Testing

@testable import EventPoller

@Suite struct QueueTests {
    @Test func agreesWithAnArray() {
        var queue = Queue<Int>()
        var model: [Int] = []
        for step in 0..<5000 {
            switch Int.random(in: 0..<10) {
            case 0..<5:
                queue.append(step)
                model.append(step)
            case 5..<8:
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            case 8:
                let index = model.firstIndex { $0 % 3 == 0 }
                #expect(queue.contains { $0 % 3 == 0 } == (index != nil))
                #expect(queue.popFirst { $0 % 3 == 0 } == index.map { model.remove(at: $0) })
            default:
                queue.removeAll { $0 % 7 == 0 }
                model.removeAll { $0 % 7 == 0 }
            }
            #expect(queue.count == model.count)
            #expect(queue.first == model.first)
            #expect(queue.isEmpty == model.isEmpty)
        }
    }
}
