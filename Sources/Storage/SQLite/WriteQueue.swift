import Authentication
import Synchronization

/// One writer that waits for the next transaction.
struct PendingWrite: Sendable {
    /// Does its SQL; what it returns is kept until it is durable.
    let run: @Sendable (any SQLTransaction) async throws(StoreError) -> Void
    /// Answers the writer: nil means that all it did is on the disk.
    let finish: @Sendable (StoreError?) -> Void
}

/// The writers that wait while a transaction is on its way, and go together in the next.
final class WriteQueue: Sendable {
    private struct State {
        var waiting: [PendingWrite] = []
        var isClosed = false
        var consumer: CheckedContinuation<Void, Never>?
        var statistics = StoreStatistics()
    }

    private let state = Mutex(State())
    private let limit: Int
    private let batchLimit: Int

    init(limit: Int, batchLimit: Int) {
        self.limit = limit
        self.batchLimit = batchLimit
    }

    /// Lets `write` wait, or answers it at once when the queue is full or closed.
    func add(_ write: PendingWrite) {
        let refusal: StoreError? = state.withLock { state in
            guard !state.isClosed else { return SQLiteDatabase.closed }
            guard state.waiting.count < limit else {
                state.statistics.refused += 1
                return StoreError(.unavailable, "too many writes wait for the database: its disk is too slow")
            }
            state.waiting.append(write)
            state.consumer.take()?.resume()
            return nil
        }
        if let refusal { write.finish(refusal) }
    }

    /// The next batch, waiting for one; nil once the queue is closed and empty. For one consumer.
    func next() async -> [PendingWrite]? {
        while true {
            let (batch, isClosed) = state.withLock { state in
                let batch = Array(state.waiting.prefix(batchLimit))
                state.waiting.removeFirst(batch.count)
                return (batch, state.isClosed)
            }
            if !batch.isEmpty { return batch }
            if isClosed { return nil }
            await withCheckedContinuation { continuation in
                state.withLock { state in
                    if state.waiting.isEmpty && !state.isClosed {
                        state.consumer = continuation
                    } else {
                        continuation.resume()
                    }
                }
            }
        }
    }

    /// Refuses from now on; what waits is still done.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.consumer.take()?.resume()
        }
    }

    func count(batch size: Int, took time: Duration) {
        state.withLock { $0.statistics.count(batch: size, took: time) }
    }

    func countFailed(batch size: Int) {
        state.withLock { state in
            state.statistics.failedBatches += 1
            state.statistics.writes += UInt64(size)
        }
    }

    func statistics() -> StoreStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.waiting = state.waiting.count
            return statistics
        }
    }
}
