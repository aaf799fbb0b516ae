/// Runs blocking or CPU-heavy work off Swift's pool, on a bounded number of threads with a bounded queue.
///
/// The rules only know this shape; the program hands in EventPoller's `BlockingPool`.
public protocol WorkPool: Sendable {
    /// Runs `work` on a thread of the pool and returns its value.
    ///
    /// - Throws: `WorkPoolFull` when the queue is full: refused at once, not queued for ever.
    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(WorkPoolFull) -> Value
}

/// The pool's queue is full; answer 503.
public struct WorkPoolFull: Error, Sendable, Hashable {
    /// The only one there is.
    public init() {}
}
