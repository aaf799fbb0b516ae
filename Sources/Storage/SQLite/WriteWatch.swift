import EventPoller
import Glibc

/// Waits for the next write to a SQLite database, by whichever process, without looking again and again: inotify(7) on its
/// write-ahead log, into which every commit goes (sqlite.org/wal.html).
///
/// The watch is set for one event at a time (`IN_ONESHOT`) and only while somebody waits, so that a busy database does not
/// notice it. It hears what processes of this kernel write; others cannot share a database in WAL mode anyway.
actor WriteWatch {
    private let poller: EventPoller
    private let log: String
    private var descriptor: Int32
    private var watch: EventPoller.Watch?
    private var isArmed = false
    private var waiting: CheckedContinuation<Bool, Never>?
    private var timer: EventPoller.Timer?

    nonisolated var unownedExecutor: UnownedSerialExecutor { poller.asUnownedSerialExecutor() }

    /// Nil when the kernel has no more of them (`fs.inotify.max_user_instances`): then one has to look.
    init?(ofDatabase path: String, poller: EventPoller) {
        descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        self.poller = poller
        log = "\(path)-wal"
    }

    // Nobody waits any more, and a watch that the poller still has is of this number only until it is closed (epoll(7)).
    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Waits for a write or the limit. One caller at a time.
    ///
    /// - Parameter isUnchanged: asked once the next write cannot be missed; when it says no, nobody waits.
    /// - Returns: false, at once, when writes cannot be heard of.
    func wait(within limit: Duration, while isUnchanged: @Sendable () -> Bool) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // One turn from here on: what is written from now on is heard by somebody who waits.
                guard waiting == nil, arm() else { return continuation.resume(returning: false) }
                guard isUnchanged(), !Task.isCancelled else { return continuation.resume(returning: true) }
                waiting = continuation
                timer = poller.schedule(at: .now + limit) { [weak self] in self?.assumeIsolated { $0.wake() } }
            }
        } onCancel: {
            poller.perform { [weak self] in self?.assumeIsolated { $0.wake() } }
        }
    }

    /// Ends the wait, and hears nothing any more.
    func close() {
        wake()
        if let watch { poller.unwatch(watch) }
        watch = nil
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    private func arm() -> Bool {
        guard descriptor >= 0 else { return false }
        do throws(PollerError) {
            if watch == nil {
                watch = try poller.watch(descriptor, for: .readable, trigger: .level) { [weak self] _ in
                    self?.assumeIsolated { $0.hear() }
                }
            }
        } catch {
            return false
        }
        guard !isArmed else { return true }
        // The log goes when the last connection does, and then comes anew.
        let events = UInt32(IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF) | IN_ONESHOT
        isArmed = inotify_add_watch(descriptor, log, events) >= 0
        return isArmed
    }

    private func hear() {
        var events = [UInt8](repeating: 0, count: 4096)
        while read(descriptor, &events, events.count) > 0 {}
        isArmed = false
        wake()
    }

    private func wake() {
        if let timer { poller.cancel(timer) }
        timer = nil
        waiting?.resume(returning: true)
        waiting = nil
    }
}
