import Authentication
import Storage
import Testing

@Suite("Counts of failures, on every backend")
struct ThrottleConformanceTests {
    private static let keys = (0..<10).compactMap { ThrottleKey([UInt8](repeating: $0, count: ThrottleKey.size)) }

    private func key(_ number: Int) -> ThrottleKey { Self.keys[number] }

    private func add(_ store: SQLStore, _ keys: [ThrottleKey], at moment: Timestamp) async throws
        -> [ThrottleKey: ThrottleCount]
    {
        try await store.updateThrottle(
            keys,
            { _, count in
                count.failures.append(moment)
                count.waits += 1
                count.until = moment + .seconds(30)
                count.changedAt = moment
            },
            end: { _, count in count.until }
        )
    }

    @Test("A count is changed as it is in the store, and comes back as it was put", arguments: Backend.allCases)
    func counts(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let earlier = Timestamp(milliseconds: 1)
            #expect(try await add(store, [key(1), key(2)], at: earlier).count == 2)
            let now = Timestamp(milliseconds: .max / 2)
            let counts = try await add(store, [key(1)], at: now)
            let expected = ThrottleCount(failures: [earlier, now], waits: 2, until: now + .seconds(30), changedAt: now)
            #expect(counts == [key(1): expected])
            let all = try await store.throttleRecords(after: Timestamp(milliseconds: 0), limit: 10)
            #expect(Dictionary(uniqueKeysWithValues: all.counts.map { ($0.key, $0.count) })[key(1)] == expected)
            #expect(all.counts.map(\.key) == [key(1), key(2)], "the newest first")
            #expect(try await store.throttleRecords(after: earlier, limit: 10).counts.map(\.key) == [key(1)])
            #expect(try await store.throttleRecords(after: Timestamp(milliseconds: 0), limit: 1).counts.count == 1)
            #expect(store.hasOtherNodes == (backend == .postgresql))
        }
    }

    @Test("Many at once on the same counts: none is lost", arguments: Backend.allCases)
    func concurrent(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<24 {
                    let keys = number.isMultiple(of: 2) ? [key(1), key(2)] : [key(2), key(1)]
                    group.addTask { _ = try await add(store, keys, at: now + .milliseconds(Int64(number))) }
                }
                try await group.waitForAll()
            }
            let counts = try await store.throttleRecords(after: now - .seconds(1), limit: 10).counts
            #expect(counts.map(\.count.waits) == [24, 24])
            #expect(counts.allSatisfy { $0.count.failures.count == 24 })
        }
    }

    @Test("Addresses of successes are kept, the latest counts", arguments: Backend.allCases)
    func known(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let first = KnownAddress(name: key(1), person: key(9), at: now)
            let second = KnownAddress(name: key(2), person: key(9), at: now - .seconds(60))
            try await store.keep([first, second])
            try await store.keep([KnownAddress(name: key(1), person: key(9), at: now - .seconds(5))])
            #expect(try await store.throttleRecords(after: now - .seconds(3600), limit: 10).known == [first, second])
            let later = KnownAddress(name: key(2), person: key(9), at: now + .seconds(1))
            try await store.keep([later])
            #expect(try await store.throttleRecords(after: now - .seconds(3600), limit: 10).known == [later, first])
            try await store.keep([])
        }
    }

    @Test("What counts no more goes, and the oldest beyond the bound", arguments: Backend.allCases)
    func purge(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            for number in 1...6 {
                _ = try await add(store, [key(number)], at: now + .seconds(Int64(number)))
                try await store.keep([
                    KnownAddress(name: key(number), person: key(0), at: now + .seconds(Int64(number)))
                ])
            }
            func left() async throws -> [Int] {
                let records = try await store.throttleRecords(after: now - .seconds(60), limit: 100)
                return [records.counts.count, records.known.count]
            }
            try await store.purgeThrottle(ended: now, known: now, limit: 100)
            #expect(try await left() == [6, 6])
            // Each ends 30 s after its failure.
            try await store.purgeThrottle(ended: now + .seconds(32), known: now + .seconds(3), limit: 100)
            #expect(try await left() == [5, 4])
            try await store.purgeThrottle(ended: now, known: now, limit: 2)
            let records = try await store.throttleRecords(after: now, limit: 100)
            #expect(records.known.map(\.name) == [key(6), key(5)])
            #expect(records.counts.map(\.key) == [key(6), key(5)])
        }
    }
}

extension SQLStore {
    /// Counts and known addresses.
    func throttleRecords(after moment: Timestamp, limit: Int) async throws(StoreError) -> ThrottleRecords {
        ThrottleRecords(
            counts: try await throttleCounts(after: moment, limit: limit),
            known: try await knownAddresses(after: moment, limit: limit)
        )
    }
}
