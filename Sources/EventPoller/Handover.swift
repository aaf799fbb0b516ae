import Synchronization

/// Where a thread of the pool and the task that waits for it meet: whoever comes first decides, once.
package final class Handover<Value: Sendable>: Sendable {
    package typealias Outcome = Result<Value, BlockingPool.GivenUp>

    private enum State {
        case new
        case waiting(CheckedContinuation<Outcome, Never>)
        case done(Outcome)
    }

    private let state = Mutex(State.new)

    /// Nobody waits yet.
    package init() {}

    /// Waits for `finish(_:)` until `deadline`, or until the task is cancelled.
    /// - Parameters:
    ///   - poller: keeps the alarm; no `Task.sleep`, which leaves a timer of libdispatch behind when it is cancelled.
    ///   - begin: called once the caller is parked; starts what will call `finish(_:)` or `giveUp(_:)`.
    package func value(
        until deadline: ContinuousClock.Instant,
        on poller: EventPoller,
        begin: () -> Void
    ) async throws(BlockingPool.GivenUp) -> Value {
        let alarm = poller.setAlarm(at: deadline) { [weak self] in self?.giveUp(.deadline) }
        defer { poller.cancel(alarm) }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if wait(continuation) { begin() }
            }
        } onCancel: {
            giveUp(.cancelled)
        }
        return try outcome.get()
    }

    /// False once the caller has gone.
    package var isWanted: Bool {
        state.withLock { state in
            if case .done = state { false } else { true }
        }
    }

    /// Parks the caller. False when it was already told to give up; it has been resumed then.
    private func wait(_ continuation: CheckedContinuation<Outcome, Never>) -> Bool {
        let outcome: Outcome? = state.withLock { state in
            if case .done(let outcome) = state { return outcome }
            state = .waiting(continuation)
            return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
        return outcome == nil
    }

    /// Hands the value over; nothing happens if the caller has gone.
    package func finish(_ value: Value) { end(.success(value)) }

    /// Sends the caller away; nothing happens if it has its value.
    package func giveUp(_ reason: BlockingPool.GivenUp.Reason) { end(.failure(.init(reason))) }

    private func end(_ outcome: Outcome) {
        let continuation: CheckedContinuation<Outcome, Never>? = state.withLock { state in
            switch state {
            case .done:
                return nil
            case .new:
                state = .done(outcome)
                return nil
            case .waiting(let continuation):
                state = .done(outcome)
                return continuation
            }
        }
        continuation?.resume(returning: outcome)
    }
}
