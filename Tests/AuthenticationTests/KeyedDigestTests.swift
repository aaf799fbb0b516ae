import Testing

@testable import Authentication

@Suite struct KeyedDigestTests {
    @Test func theSameUnderOneKeyOnly() {
        let (digest, other) = (KeyedDigest(), KeyedDigest())
        #expect(digest.value(of: [1, 2]) == digest.value(of: [1, 2]))
        #expect(digest.value(of: [1, 2]) != digest.value(of: [1, 3]))
        #expect(digest.value(of: [1, 2]) != other.value(of: [1, 2]))
        #expect(digest.value(of: []) != digest.value(of: [0]))
    }

    @Test("What was before counts, and so does the order")
    func chains() {
        let digest = KeyedDigest()
        let (first, second) = (digest.value(of: [1]), digest.value(of: [2]))
        #expect(digest.value(of: Password("a"), after: first) == digest.value(of: Password("a"), after: first))
        #expect(digest.value(of: Password("a"), after: first) != digest.value(of: Password("a"), after: second))
        #expect(digest.value(of: Password("a"), after: first) != digest.value(of: Password("b"), after: first))
        #expect(digest.value(of: Password(""), after: first) != digest.value(of: Password("\u{0}"), after: first))
        #expect(digest.value(first, second) != digest.value(second, first))
    }

    @Test("Each number is handed out once, also to many at a time")
    func randomWords() async {
        let seen = await withTaskGroup(of: Set<UInt64>.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var seen: Set<UInt64> = []
                    for _ in 0..<1000 {
                        let pair = RandomWords.pair()
                        seen.formUnion([RandomWords.next(), pair.0, pair.1])
                    }
                    return seen
                }
            }
            return await group.reduce(into: Set<UInt64>()) { $0.formUnion($1) }
        }
        // Of 24 000 numbers of 64 bits two are alike once in thirty thousand million runs.
        #expect(seen.count == 24_000)
        #expect(!seen.contains(0))
    }
}
