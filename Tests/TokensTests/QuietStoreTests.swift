import Authentication
import Logging
import Testing

@testable import Tokens

/// A store that says itself when it is written to is not asked again and again.
@Suite struct QuietStoreTests {
    private actor QuietStore: ChangeStore {
        private(set) var questions = 0
        private(set) var limits: [Duration] = []
        private var waiting: CheckedContinuation<Bool, Never>?

        func changes(after number: Int64, now: Timestamp) async throws(StoreError) -> StoreChanges {
            questions += 1
            return StoreChanges(number: 1)
        }

        func awaitWrite(within limit: Duration) async -> Bool {
            limits.append(limit)
            // After the second question it knows of nothing for a while, then only asking tells.
            guard questions == 2 else { return false }
            return await withTaskCancellationHandler {
                await withCheckedContinuation { waiting = $0 }
            } onCancel: {
                Task { await write() }
            }
        }

        func write() {
            waiting?.resume(returning: true)
            waiting = nil
        }

        var isWaiting: Bool { waiting != nil }
    }

    /// A feed that waits for the store's next write.
    private static func waiting() async throws -> (QuietStore, Task<Void, Never>) {
        let world = try await World()
        let store = QuietStore()
        let feed = ChangeFeed(
            store: store,
            revocations: Revocations(),
            keys: world.keys,
            clock: world.clock,
            logger: .init(label: "test")
        )
        let running = Task { await feed.run() }
        while await !store.isWaiting { try await Task.sleep(for: .milliseconds(10)) }
        return (store, running)
    }

    @Test("It waits for the write, and then looks at once and often", .timeLimit(.minutes(1))) func waits() async throws
    {
        let (store, running) = try await Self.waiting()
        try await Task.sleep(for: .milliseconds(1200))
        #expect(await store.questions == 2, "nobody looks meanwhile")
        let limit = try #require(await store.limits.last)
        #expect(limit >= .seconds(2) && limit <= .seconds(10), "what no write tells of is noticed all the same")
        await store.write()
        while await store.questions < 4 { try await Task.sleep(for: .milliseconds(10)) }
        running.cancel()
        await running.value
    }

    @Test("It ends while it waits", .timeLimit(.minutes(1))) func ends() async throws {
        let (_, running) = try await Self.waiting()
        running.cancel()
        await running.value
    }
}
