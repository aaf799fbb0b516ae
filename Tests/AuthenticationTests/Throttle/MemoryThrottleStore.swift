import Authentication
import Synchronization

/// The throttle's store in memory, shared by several throttles as nodes share one; the real ones are Storage's.
final class MemoryThrottleStore: ThrottleStore {
    private struct State {
        var counts: [ThrottleKey: ThrottleCount] = [:]
        var known: [KnownAddress] = []
        var failure: StoreError?
        var writes = 0
        var purges = 0
    }

    private let state = Mutex(State())

    let hasOtherNodes = true

    var writes: Int { state.withLock { $0.writes } }
    var purges: Int { state.withLock { $0.purges } }
    var knownCount: Int { state.withLock { $0.known.count } }

    func fail(_ failure: StoreError?) { state.withLock { $0.failure = failure } }

    private func check() throws(StoreError) {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    func updateThrottle(
        _ keys: [ThrottleKey],
        _ change: @escaping @Sendable (ThrottleKey, inout ThrottleCount) -> Void,
        end: @escaping @Sendable (ThrottleKey, ThrottleCount) -> Timestamp
    ) async throws(StoreError) -> [ThrottleKey: ThrottleCount] {
        try check()
        return state.withLock { state in
            state.writes += 1
            var result: [ThrottleKey: ThrottleCount] = [:]
            for key in keys {
                change(key, &state.counts[key, default: ThrottleCount()])
                result[key] = state.counts[key]
            }
            return result
        }
    }

    func throttleCounts(
        after moment: Timestamp,
        limit: Int
    ) async throws(StoreError) -> [(key: ThrottleKey, count: ThrottleCount)] {
        try check()
        return state.withLock { state in
            state.counts.filter { $0.value.changedAt > moment }.map { ($0.key, $0.value) }
        }
    }

    func knownAddresses(after moment: Timestamp, limit: Int) async throws(StoreError) -> [KnownAddress] {
        try check()
        return state.withLock { state in
            Array(state.known.filter { $0.at > moment }.sorted { $0.at > $1.at }.prefix(limit))
        }
    }

    func keep(_ known: [KnownAddress]) async throws(StoreError) {
        try check()
        state.withLock { $0.known += known }
    }

    func purgeThrottle(ended: Timestamp, known: Timestamp, limit: Int) async throws(StoreError) {
        try check()
        state.withLock { $0.purges += 1 }
    }
}
