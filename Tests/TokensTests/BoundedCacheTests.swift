import Testing

@testable import Tokens

@Suite struct BoundedCacheTests {
    @Test func keepsWhatIsAskedForAndNeverMoreThanItsCapacity() {
        var cache = BoundedCache<Int, String>(capacity: 10)
        for number in 0..<100 {
            cache.insert("\(number)", for: number)
            // Asked for all the time, so it must never go.
            #expect(cache.value(for: 0) == "0")
            #expect(cache.count <= 10)
        }
        #expect(cache.value(for: 99) == "99")
        #expect(cache.value(for: 50) == nil)
    }

    @Test func weightsCount() {
        var cache = BoundedCache<Int, String>(capacity: 100)
        cache.insert("too heavy", for: 1, weight: 51)
        #expect(cache.value(for: 1) == nil)
        cache.insert("a", for: 2, weight: 40)
        cache.insert("b", for: 3, weight: 40)
        cache.insert("c", for: 4, weight: 40)
        #expect(cache.count == 2)
        #expect(cache.value(for: 2) == nil)
        cache.insert("another", for: 4, weight: 1)
        #expect(cache.value(for: 4) == "another")
        // A replaced value no longer weighs: there is room for all of these in one half.
        for number in 10..<20 { cache.insert("\(number)", for: number, weight: 1) }
        #expect((10..<20).allSatisfy { cache.value(for: $0) != nil })
    }

    @Test func forgets() {
        var cache = BoundedCache<Int, Int>(capacity: 8)
        for number in 0..<8 { cache.insert(number, for: number) }
        cache.remove(7)
        cache.removeAll { $0.isMultiple(of: 2) }
        #expect((0..<8).filter { cache.value(for: $0) != nil } == [1, 3, 5])
    }
}
