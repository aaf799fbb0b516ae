internal import NIOCore

/// The one timer of a connection: moved only when it would fire too late, so that a busy connection, whose deadline
/// moves with every request, never cancels one.
///
/// It belongs to one event loop and is touched by no other thread.
final class DeadlineTimer {
    private let eventLoop: any EventLoop
    private let onExpiry: () -> Void
    private var deadline = NIODeadline.distantFuture
    private var fires = NIODeadline.distantFuture
    private var scheduled: Scheduled<Void>?

    /// A timer that calls `onExpiry` on `eventLoop`.
    init(eventLoop: any EventLoop, onExpiry: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.onExpiry = onExpiry
    }

    /// Sets the deadline, in place of the one before.
    func expire(in duration: Duration) {
        deadline = .now() + TimeAmount(duration)
        guard scheduled == nil || deadline < fires else { return }
        scheduled?.cancel()
        schedule()
    }

    /// Ends the timer and lets go of what it calls.
    func cancel() {
        scheduled?.cancel()
        scheduled = nil
    }

    private func schedule() {
        fires = deadline
        scheduled = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.fired() }
    }

    private func fired() {
        scheduled = nil
        if NIODeadline.now() < deadline { schedule() } else { onExpiry() }
    }
}
