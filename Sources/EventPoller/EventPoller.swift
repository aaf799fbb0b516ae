// EventPoller owns what Swift's Glibc has not: epoll(7) as a serial executor, timers on the same thread, and a bounded
// pool of threads for calls that block. It knows nothing of LDAP, SQL or HTTP.
// It does not own the descriptors that are watched; whoever registers one closes it.
// LDAPClient calls it (each connection is an actor that lives on the poller), so does every other client of a C library
// with a socket, and the program asks `turns` for its watchdog.

import Synchronization

/// One thread that waits in epoll_wait(2) and runs the jobs of the actors that live on it.
///
/// An actor lives here when its `unownedExecutor` is the poller's. Readiness handlers and timers run on the same thread,
/// so such an actor may `assumeIsolated` in them: there is no hop between a readable socket and the code that reads it.
/// A job enqueued by a job costs no system call; one enqueued by another thread costs an eventfd(2) write only when the
/// poller sleeps. Every signal but the synchronous ones is blocked on the thread, SIGPIPE too, so that a write to a lost
/// peer is an error and not the end of the process.
///
/// The thread ends when the poller is released; actors that live on it keep it alive.
public final class EventPoller: SerialExecutor, Sendable {
    /// What a descriptor is watched for; `EPOLLRDHUP`, `EPOLLHUP` and `EPOLLERR` are always reported.
    public struct Interest: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt8
        /// Some bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Bytes can be read.
        public static let readable = Interest(rawValue: 1)
        /// Bytes can be written.
        public static let writable = Interest(rawValue: 2)
    }

    /// When readiness is reported (epoll(7), "Level-triggered and edge-triggered").
    public enum Trigger: Sendable {
        /// As long as the descriptor is ready: for code that reads a part and comes back.
        case level
        /// When it becomes ready: for code that drains. A watch for writing then needs no switching on and off.
        case edge
    }

    /// What has happened to a descriptor.
    public struct Readiness: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt8
        /// Some bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Bytes, or the end of the stream, can be read.
        public static let readable = Readiness(rawValue: 1)
        /// Bytes can be written.
        public static let writable = Readiness(rawValue: 2)
        /// The peer closed its side, or the connection is broken.
        public static let closed = Readiness(rawValue: 4)
    }

    /// A descriptor being watched.
    public struct Watch: Sendable, Hashable {
        let token: UInt64
        let descriptor: Int32
    }

    /// A timer that is set.
    public struct Timer: Sendable, Hashable {
        let id: UInt64
    }

    private let loop: PollerLoop

    /// Starts the thread.
    /// - Parameter name: of the thread, as ps(1) and gdb(1) show it; cut to 15 bytes.
    /// - Throws: `PollerError` when the kernel gives no descriptor or no thread.
    public init(name: String = "poller") throws(PollerError) {
        let loop = try PollerLoop()
        self.loop = loop
        loop.executor = self
        try Thread.start(name: name) { loop.run() }
    }

    deinit {
        loop.end()
    }

    /// Hands a job to the thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        loop.enqueue(UnownedJob(job))
    }

    /// Stops the program unless called on the poller's thread.
    public func checkIsolated() {
        precondition(loop.isCurrent, "not on the poller's thread")
    }

    /// True on the poller's thread.
    public func isIsolatingCurrentContext() -> Bool? {
        loop.isCurrent
    }

    /// Ends every watch and timer and accepts no new ones; jobs are served until the poller is released.
    ///
    /// Close what lives on the poller first: its timers will not fire any more.
    public func shutdown() {
        loop.stopWatching()
    }

    /// Counts turns of the loop, so that a watchdog sees whether it makes progress. An idle poller sleeps and makes no
    /// turns: call `wake()` and look again.
    public var turns: UInt64 { loop.turns.load(ordering: .relaxed) }

    /// Jobs handed over that the loop has not come to yet, for metrics.
    public var waiting: Int { loop.waiting }

    /// Timers and alarms that are set; call it on the poller's thread.
    var timerCount: Int { loop.timers.count }

    /// Makes the loop turn once even if there is nothing to do.
    public func wake() { loop.wake() }

    /// Watches a descriptor; call it on the poller's thread.
    /// - Parameters:
    ///   - descriptor: a socket or pipe; end the watch before you close it.
    ///   - handler: runs on the poller's thread, and must not block.
    /// - Throws: `PollerError` when the kernel refuses, or after `shutdown()`.
    public func watch(
        _ descriptor: Int32,
        for interest: Interest,
        trigger: Trigger,
        _ handler: @escaping @Sendable (Readiness) -> Void
    ) throws(PollerError) -> Watch {
        checkIsolated()
        return try loop.watch(descriptor, interest, trigger, handler)
    }

    /// Watches for something else; call it on the poller's thread.
    public func change(_ watch: Watch, to interest: Interest, trigger: Trigger) throws(PollerError) {
        checkIsolated()
        try loop.change(watch, interest, trigger)
    }

    /// Ends a watch; no handler of it runs afterwards, not even for an event already fetched. Call it on the thread.
    public func unwatch(_ watch: Watch) {
        checkIsolated()
        loop.unwatch(watch)
    }

    /// Runs `handler` on the thread at `deadline`, or a little later; call it on the poller's thread.
    public func schedule(
        at deadline: ContinuousClock.Instant,
        _ handler: @escaping @Sendable () -> Void
    ) -> Timer {
        checkIsolated()
        return Timer(id: loop.timers.insert(handler, at: deadline))
    }

    /// Takes a timer back; nothing happens if it has fired. Call it on the poller's thread.
    public func cancel(_ timer: Timer) {
        checkIsolated()
        loop.timers.remove(timer.id)
    }

    /// A timer set from anywhere.
    package struct Alarm: Sendable, Hashable {
        let id: UInt64
    }

    /// Runs `handler` on the thread at `deadline`; may be called anywhere.
    @discardableResult
    package func setAlarm(at deadline: ContinuousClock.Instant, _ handler: @escaping @Sendable () -> Void) -> Alarm {
        Alarm(id: loop.setAlarm(at: deadline, handler))
    }

    /// Takes an alarm back, and lets go of its handler at the next turn; nothing happens if it has fired. May be called
    /// anywhere.
    package func cancel(_ alarm: Alarm) { loop.cancelAlarm(alarm.id) }

    /// Runs `handler` on the thread soon; may be called anywhere. For cancellation handlers: a `Task` would have to wait
    /// for a thread of Swift's pool first.
    package func perform(_ handler: @escaping @Sendable () -> Void) {
        _ = loop.setAlarm(at: .now, handler)
    }
}
