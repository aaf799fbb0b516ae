import Authentication
import Testing

@testable import DirectoryAuth

@Suite struct LRUCacheTests {
    static let start = ContinuousClock.now

    static func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func valuesExpireHoweverOftenTheyAreUsed() {
        var cache = LRUCache<String, Int>(capacity: 10, lifetime: .seconds(60))
        cache.insert(1, for: "a", now: Self.at(0))
        #expect(cache.value(for: "a", now: Self.at(30)) == 1)
        #expect(cache.value(for: "a", now: Self.at(59)) == 1)
        #expect(cache.value(for: "a", now: Self.at(60)) == nil)
        #expect(cache.count == 0)
    }

    @Test func theOneUsedLongestAgoGoes() {
        var cache = LRUCache<String, Int>(capacity: 3, lifetime: .seconds(60))
        for (number, key) in ["a", "b", "c"].enumerated() { cache.insert(number, for: key, now: Self.at(number)) }
        #expect(cache.value(for: "a", now: Self.at(3)) == 0)
        cache.insert(3, for: "d", now: Self.at(4))
        #expect(cache.value(for: "b", now: Self.at(5)) == nil)
        #expect(cache.value(for: "a", now: Self.at(5)) == 0)
        #expect(cache.value(for: "c", now: Self.at(5)) == 2)
        #expect(cache.value(for: "d", now: Self.at(5)) == 3)
        #expect(cache.count == 3)
    }

    @Test func noLifetimeKeepsNothing() {
        var cache = LRUCache<String, Int>(capacity: 3, lifetime: .zero)
        cache.insert(1, for: "a", now: Self.at(0))
        #expect(cache.value(for: "a", now: Self.at(0)) == nil)
    }

    /// Against a plain model: a list in order of use.
    @Test func agreesWithAModel() {
        var random = SystemRandomNumberGenerator()
        var cache = LRUCache<Int, Int>(capacity: 8, lifetime: .seconds(1_000_000))
        var model: [(key: Int, value: Int)] = []
        for step in 0..<20_000 {
            let key = Int.random(in: 0..<20, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                cache.insert(step, for: key, now: Self.at(0))
                let isNew = !model.contains { $0.key == key }
                model.removeAll { $0.key == key }
                if isNew, model.count == 8 { model.removeFirst() }
                model.append((key, step))
            case 2:
                let value = cache.value(for: key, now: Self.at(0))
                let position = model.firstIndex { $0.key == key }
                #expect(value == position.map { model[$0].value })
                if let position { model.append(model.remove(at: position)) }
            default:
                cache.remove(key)
                model.removeAll { $0.key == key }
            }
            #expect(cache.count == model.count)
        }
    }

    @Test func aRememberedPersonIsForgottenInTime() throws {
        let cache = DNCache(lifetime: .seconds(60), capacity: 2)
        let person = Person(dn: "uid=a", stableID: "1", username: "a")
        cache.insert(person, password: Password("x"), for: "a", now: Self.at(0))
        let record = try #require(cache.record(for: "a", now: Self.at(59)))
        #expect(record.person == person)
        #expect(record.proof == DNCache.proof(of: Password("x")))
        #expect(cache.record(for: "A", now: Self.at(1)) == nil)
        #expect(cache.record(for: "a", now: Self.at(60)) == nil)
    }

    @Test func proofsTellPasswordsApart() {
        let proofs = Set((0..<64).map { DNCache.proof(of: Password("password \($0)")) })
        #expect(proofs.count > 56)
        #expect(DNCache.proof(of: Password("p")) == DNCache.proof(of: Password("p")))
    }
}
