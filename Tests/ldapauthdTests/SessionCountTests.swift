import Authentication
import Synchronization
import TestSupport
import Testing

@testable import ldapauthd

/// Counting open sessions behind the metrics.
@Suite struct SessionCountTests {
    /// A store that counts slowly, as far as the clock is concerned, and only when it is let.
    private final class SlowStore: Sendable {
        private struct State {
            var now = ContinuousClock.now
            var asked = 0
            var waiting: CheckedContinuation<Result<Int64, StoreError>, Never>?
        }

        private let state = Mutex(State())

        var now: ContinuousClock.Instant { state.withLock { $0.now } }
        var asked: Int { state.withLock { $0.asked } }

        func advance(_ duration: Duration) { state.withLock { $0.now += duration } }

        func count() async throws(StoreError) -> Int64 {
            let result = await withCheckedContinuation { continuation in
                state.withLock { state in
                    state.asked += 1
                    state.waiting = continuation
                }
            }
            return try result.get()
        }

        /// Lets the count that is under way end after `duration`.
        func end(_ result: Result<Int64, StoreError>, after duration: Duration) async {
            _ = await eventually { state.withLock { $0.waiting != nil } }
            advance(duration)
            state.withLock { state in
                state.waiting?.resume(returning: result)
                state.waiting = nil
            }
        }
    }

    private let store = SlowStore()
    private let count: SessionCount

    init() {
        count = SessionCount(ticks: { [store] in store.now }) { [store] () async throws(StoreError) in
            try await store.count()
        }
    }

    /// Asks, and lets the count that begins with it end.
    private func counted(_ result: Result<Int64, StoreError>, after duration: Duration = .zero) async {
        _ = await count.value()
        await store.end(result, after: duration)
        await count.settled()
    }

    @Test func nobodyWaitsForACountAndOneIsUnderWayAtATime() async {
        #expect(await count.value() == nil)
        #expect(await count.value() == nil)
        await store.end(.success(7), after: .seconds(1))
        await count.settled()
        #expect(await count.value() == 7)
        #expect(store.asked == 1)
        // Counted again, and what is known is told meanwhile.
        store.advance(.seconds(60))
        #expect(await count.value() == 7)
        store.advance(.seconds(600))
        #expect(await count.value() == 7)
        await store.end(.success(8), after: .zero)
        await count.settled()
        #expect(await count.value() == 8)
        #expect(store.asked == 2)
    }

    @Test(arguments: [
        (Duration.zero, Duration.seconds(60)), (.seconds(1), .seconds(60)), (.seconds(2), .seconds(100)),
        (.seconds(30), .seconds(1500)),
    ]) func aSlowCountIsFollowedByALongRest(_ duration: Duration, _ rest: Duration) async {
        await counted(.success(1), after: duration)
        store.advance(rest - .milliseconds(1))
        #expect(await count.value() == 1)
        await count.settled()
        #expect(store.asked == 1)
        store.advance(.milliseconds(1))
        await counted(.success(2))
        #expect(await count.value() == 2)
    }

    @Test func aFailureIsNotRepeatedAtEachScrape() async {
        await counted(.failure(StoreError(.unavailable, "down")), after: .seconds(4))
        for _ in 0..<5 {
            #expect(await count.value() == nil)
            await count.settled()
        }
        #expect(store.asked == 1)
        store.advance(.seconds(200))
        await counted(.success(3))
        #expect(await count.value() == 3)
        // What was known holds while the store does not answer.
        store.advance(.seconds(60))
        await counted(.failure(StoreError(.unavailable, "down")))
        #expect(await count.value() == 3)
        #expect(store.asked == 3)
    }
}
