/// A bounded number of threads with a bounded queue, for calls that block.
///
/// Threads start when there is work for them and stay. Work that does not fit is refused at once, never queued for ever.
public final class BlockingPool: Sendable {
    /// Every thread is busy and the queue is full, or the pool was shut down.
    public struct Full: Error, Sendable, Hashable {
        /// The refusal.
        public init() {}
    }

    /// Why `run(until:_:)` came back without a value.
    public struct GivenUp: Error, Sendable, Hashable {
        /// The reason.
        public struct Reason: Sendable, Hashable {
            private let number: Int
            /// As `Full`.
            public static let full = Reason(number: 0)
            /// The deadline passed.
            public static let deadline = Reason(number: 1)
            /// The task was cancelled.
            public static let cancelled = Reason(number: 2)
        }

        /// Why.
        public let reason: Reason
        /// A reason.
        public init(_ reason: Reason) { self.reason = reason }
    }

    private let workers: Workers

    /// A pool; no thread runs yet.
    /// - Parameters:
    ///   - name: of the threads.
    ///   - threads: at most so many at a time; at least one.
    ///   - queueLimit: so many pieces may wait when all threads are busy.
    public init(name: String, threads: Int, queueLimit: Int) {
        workers = Workers(name: name, threads: max(1, threads), queueLimit: max(0, queueLimit))
    }

    deinit {
        workers.end()
    }

    /// Runs `work` on a thread of the pool and waits for it.
    /// - Throws: `Full` at once when nothing more fits.
    public func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(Full) -> Value {
        let result: Result<Value, Full> = await withCheckedContinuation { continuation in
            workers.submit(
                Workers.Piece(
                    work: { continuation.resume(returning: .success(work())) },
                    refuse: { continuation.resume(returning: .failure(Full())) }
                )
            )
        }
        return try result.get()
    }

    /// Runs `work` on a thread of the pool and waits for it until `deadline`, or until the task is cancelled.
    ///
    /// Work that still waits when its caller gives up is never begun; work under way goes on to its end, and its value
    /// is dropped.
    /// - Parameter poller: watches the deadline.
    public func run<Value: Sendable>(
        until deadline: ContinuousClock.Instant,
        on poller: EventPoller,
        _ work: @escaping @Sendable () -> Value
    ) async throws(GivenUp) -> Value {
        let handover = Handover<Value>()
        return try await handover.value(until: deadline, on: poller) {
            workers.submit(
                Workers.Piece(
                    work: { if handover.isWanted { handover.finish(work()) } },
                    refuse: { handover.giveUp(.full) }
                )
            )
        }
    }

    /// Runs `work` on a thread of the pool; nobody waits for it.
    /// - Parameter refuse: called at once instead when nothing more fits.
    public func start(_ work: @escaping @Sendable () -> Void, orElse refuse: @escaping @Sendable () -> Void) {
        workers.submit(Workers.Piece(work: work, refuse: refuse))
    }

    /// Finishes what is queued, then ends the threads; new work is refused.
    public func shutdown() { workers.end() }

    /// Pieces of work finished so far, for a watchdog and for metrics.
    public var completed: UInt64 { workers.counts.completed }
    /// Pieces of work waiting now.
    public var waiting: Int { workers.counts.waiting }
    /// Pieces of work under way now.
    public var running: Int { workers.counts.running }
}
