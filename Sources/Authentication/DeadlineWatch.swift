import Synchronization

/// Stops waiting for work that does not keep its deadline.
///
/// A source is handed its deadline and mostly keeps it; this is for the one that does not. Its task is cancelled and left
/// to end when it likes, its caller goes on. One ticking task serves all waiters and runs only while there are any: a
/// sleep per login would leave a timer behind for the whole budget, long after the login was answered.
final class DeadlineWatch: Sendable {
    private struct Waiter: Sendable {
        let deadline: ContinuousClock.Instant
        let expire: @Sendable () -> Void
    }

    private struct State {
        var waiters: [UInt64: Waiter] = [:]
        var lastID: UInt64 = 0
        var isTicking = false
    }

    /// How late an expiry may come.
    static let tick = Duration.milliseconds(25)

    private let state = Mutex(State())

    /// The value of `work`, or nil when it has none at `deadline` or the caller is cancelled.
    func value<Value: Sendable>(
        until deadline: ContinuousClock.Instant,
        _ work: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let race = Race<Value>()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                race.begin(continuation)
                let id = add(Waiter(deadline: deadline) { race.end(nil) })
                race.attach(
                    .onSameExecutor {
                        let value = await work()
                        self.remove(id)
                        race.end(value)
                    }
                )
            }
        } onCancel: {
            race.end(nil)
        }
    }

    private func add(_ waiter: Waiter) -> UInt64 {
        let (id, mustStart) = state.withLock { state in
            state.lastID += 1
            state.waiters[state.lastID] = waiter
            defer { state.isTicking = true }
            return (state.lastID, !state.isTicking)
        }
        if mustStart { Task.detached { await self.run() } }
        return id
    }

    private func remove(_ id: UInt64) {
        state.withLock { _ = $0.waiters.removeValue(forKey: id) }
    }

    private func run() async {
        while true {
            try? await Task.sleep(for: Self.tick)
            let now = ContinuousClock.now
            let (expired, goesOn) = state.withLock { state in
                let expired = state.waiters.filter { $0.value.deadline <= now }
                for id in expired.keys { state.waiters.removeValue(forKey: id) }
                state.isTicking = !state.waiters.isEmpty
                return (expired.values.map(\.expire), state.isTicking)
            }
            for expire in expired { expire() }
            if !goesOn { return }
        }
    }
}

/// One continuation and those who want to resume it; the first one does.
private final class Race<Value: Sendable>: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Value?, Never>?
        var task: Task<Void, Never>?
        var isOver = false
    }

    private let state = Mutex(State())

    func begin(_ continuation: CheckedContinuation<Value?, Never>) {
        let isOver = state.withLock { state in
            if !state.isOver { state.continuation = continuation }
            return state.isOver
        }
        if isOver { continuation.resume(returning: nil) }
    }

    func attach(_ task: Task<Void, Never>) {
        let isOver = state.withLock { state in
            if !state.isOver { state.task = task }
            return state.isOver
        }
        if isOver { task.cancel() }
    }

    /// Resumes with `value`; without one the work is cancelled.
    func end(_ value: Value?) {
        let (continuation, task) = state.withLock { state in
            defer { state = State(isOver: true) }
            return (state.continuation, state.task)
        }
        if value == nil { task?.cancel() }
        continuation?.resume(returning: value)
    }
}
