import Authentication

/// Runs the work where it is, or refuses all of it.
struct InlinePool: WorkPool {
    var isFull = false

    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(WorkPoolFull) -> Value {
        if isFull { throw WorkPoolFull() }
        return work()
    }
}
