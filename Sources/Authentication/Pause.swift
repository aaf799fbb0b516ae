internal import Synchronization

/// A sleep of one task that others may end: the wait of a loop between its turns.
public final class Pause: Sendable {
    private struct State {
        var sleep: Task<Void, Never>?
        var isEnded = false
    }

    private let state = Mutex(State())

    /// A pause that nobody waits in yet.
    public init() {}

    /// Comes back at `instant`, with `end()`, or when the task is cancelled; at once where `end()` was called since the last
    /// wait. One task at a time.
    ///
    /// - Returns: true when it was ended.
    @discardableResult
    public func wait(until instant: ContinuousClock.Instant) async -> Bool {
        let sleep = Task { _ = try? await Task.sleep(until: instant) }
        let isEnded = state.withLock { state in
            state.sleep = sleep
            return state.isEnded
        }
        if isEnded { sleep.cancel() }
        await withTaskCancellationHandler {
            await sleep.value
        } onCancel: {
            sleep.cancel()
        }
        return state.withLock { state in
            defer { state = State() }
            return state.isEnded
        }
    }

    /// Wakes who waits, or the next who will.
    public func end() {
        state.withLock { state in
            state.isEnded = true
            state.sleep?.cancel()
        }
    }
}
