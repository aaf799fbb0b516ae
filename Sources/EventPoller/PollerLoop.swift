import CLinux
import Glibc
import Synchronization

/// The thread's side of `EventPoller`: the epoll descriptor, the jobs, the watches and the timers.
///
/// @unchecked Sendable: `inbox`, `turns`, `thread` are atomic or locked, the two descriptors are constants, `executor` is
/// set once before the thread starts and only read afterwards, and everything else is touched by the thread alone
/// (`EventPoller` checks that for each call from outside; `run()` is the thread).
final class PollerLoop: @unchecked Sendable {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        var alarms: [(id: UInt64, deadline: ContinuousClock.Instant, handler: @Sendable () -> Void)] = []
        var cancelledAlarms: [UInt64] = []
        /// Alarms and the thread's own timers lie in one heap: these have the upper half of the numbers.
        var lastAlarm: UInt64 = 1 << 63
        var isSleeping = false
        /// Somebody wants a turn that begins after now.
        var isWoken = false
        var stopsWatching = false
        var ends = false

        /// Keeps room for as many as usual; a burst's is given back.
        mutating func empty() {
            jobs.removeAll(keepingCapacity: jobs.count <= PollerLoop.jobsPerTurn)
            alarms.removeAll(keepingCapacity: alarms.count <= PollerLoop.jobsPerTurn)
            cancelledAlarms.removeAll(keepingCapacity: cancelledAlarms.count <= PollerLoop.jobsPerTurn)
        }
    }

    private struct Watched {
        let descriptor: Int32
        let handler: @Sendable (EventPoller.Readiness) -> Void
    }

    /// Jobs run in one turn before descriptors and timers are looked at again: neither may starve the other.
    fileprivate static let jobsPerTurn = 256
    private static let eventsPerTurn = 64
    /// The token of the eventfd; watches begin at 1.
    private static let wakeToken: UInt64 = 0

    let turns = Atomic<UInt64>(0)
    /// The thread's own pthread_t while it runs.
    private let thread = Atomic<UInt>(0)
    private let inbox = Mutex(Inbox())
    private let epoll: Int32
    private let wakeup: Int32

    weak var executor: EventPoller?
    var timers = TimerHeap<@Sendable () -> Void>()
    private var jobs = Queue<UnownedJob>()
    /// What was taken from the inbox last, emptied: it takes turns with the inbox's own, so that no turn needs memory.
    private var spare = Inbox()
    private var watched: [UInt64: Watched] = [:]
    private var lastToken: UInt64 = PollerLoop.wakeToken
    private var isShutDown = false

    // A throw after both descriptors are set runs deinit, which closes them.
    init() throws(PollerError) {
        epoll = clinux_epoll_create()
        guard epoll >= 0 else { throw PollerError("epoll_create1", errno) }
        wakeup = clinux_eventfd()
        guard wakeup >= 0 else { throw PollerError("eventfd", errno) }
        guard clinux_epoll_set(epoll, EPOLL_CTL_ADD, wakeup, EPOLLIN.rawValue, Self.wakeToken) == 0 else {
            throw PollerError("epoll_ctl", errno)
        }
    }

    // The thread and the poller each hold a reference: nobody can write to a descriptor that is closed, and by then perhaps
    // another's.
    deinit {
        close(wakeup)
        close(epoll)
    }

    var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    // MARK: any thread

    func enqueue(_ job: UnownedJob) {
        if isCurrent {
            jobs.append(job)
        } else {
            tell { $0.jobs.append(job) }
        }
    }

    func setAlarm(at deadline: ContinuousClock.Instant, _ handler: @escaping @Sendable () -> Void) -> UInt64 {
        var id: UInt64 = 0
        tell { inbox in
            inbox.lastAlarm += 1
            id = inbox.lastAlarm
            inbox.alarms.append((id, deadline, handler))
        }
        return id
    }

    /// Wakes nobody: it can wait for the next turn, and setting the next alarm makes one.
    func cancelAlarm(_ id: UInt64) {
        inbox.withLock { $0.cancelledAlarms.append(id) }
    }

    /// Jobs the thread has not taken yet.
    var waiting: Int { inbox.withLock { $0.jobs.count } }

    /// A whole turn follows, also where one was under way.
    func wake() { tell { $0.isWoken = true } }
    func stopWatching() { tell { $0.stopsWatching = true } }
    func end() { tell { $0.ends = true } }

    private func tell(_ change: (inout Inbox) -> Void) {
        let wasSleeping = inbox.withLock { inbox in
            change(&inbox)
            defer { inbox.isSleeping = false }
            return inbox.isSleeping
        }
        if wasSleeping {
            var one: UInt64 = 1
            _ = unsafe write(wakeup, &one, MemoryLayout<UInt64>.size)
        }
    }

    // MARK: the thread

    func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        var masks = [UInt32](repeating: 0, count: Self.eventsPerTurn)
        var tokens = [UInt64](repeating: 0, count: Self.eventsPerTurn)
        while true {
            turns.wrappingAdd(1, ordering: .relaxed)
            fireTimers()
            takeInbox()
            runJobs()
            guard let milliseconds = prepareToWait() else { break }
            let count = unsafe clinux_epoll_wait(epoll, &masks, &tokens, Int32(Self.eventsPerTurn), milliseconds)
            inbox.withLock { $0.isSleeping = false }
            for index in 0..<max(0, Int(count)) { dispatch(masks[index], tokens[index]) }
        }
        watched = [:]
        timers.removeAll()
        // pthread_t values are used again: nobody is on this thread once it has gone.
        thread.store(0, ordering: .relaxed)
    }

    private func fireTimers() {
        guard timers.count > 0 else { return }
        let now = ContinuousClock.now
        while let handler = timers.popDue(now) { handler() }
    }

    private func takeInbox() {
        let stops = inbox.withLock { inbox in
            swap(&inbox.jobs, &spare.jobs)
            swap(&inbox.alarms, &spare.alarms)
            swap(&inbox.cancelledAlarms, &spare.cancelledAlarms)
            inbox.isWoken = false
            defer { inbox.stopsWatching = false }
            return inbox.stopsWatching
        }
        for job in spare.jobs { jobs.append(job) }
        for alarm in spare.alarms { timers.insert(alarm.handler, id: alarm.id, at: alarm.deadline) }
        for id in spare.cancelledAlarms { timers.remove(id) }
        spare.empty()
        if stops {
            for watch in watched.values { _ = clinux_epoll_set(epoll, EPOLL_CTL_DEL, watch.descriptor, 0, 0) }
            watched = [:]
            timers.removeAll()
            isShutDown = true
        }
    }

    private func runJobs() {
        // A job's actor keeps the poller; the reference held here lets the last job release both.
        guard !jobs.isEmpty, let executor else { return }
        for _ in 0..<Self.jobsPerTurn {
            guard let job = jobs.popFirst() else { return }
            unsafe job.runSynchronously(on: executor.asUnownedSerialExecutor())
        }
    }

    /// How long epoll_wait may sleep: -1 for ever, 0 when there is work; nil ends the thread.
    private func prepareToWait() -> Int32? {
        if !jobs.isEmpty { return 0 }
        let deadline = timers.next()
        let state = inbox.withLock { inbox -> Bool? in
            guard inbox.jobs.isEmpty, inbox.alarms.isEmpty, !inbox.isWoken, !inbox.stopsWatching else { return false }
            if inbox.ends { return nil }
            inbox.isSleeping = true
            return true
        }
        guard let maySleep = state else { return nil }
        guard maySleep else { return 0 }
        guard let deadline else { return -1 }
        // Rounded up, or the last millisecond would be a busy loop; a day at most, so that the sum fits.
        let wait = (deadline - ContinuousClock.now) / Duration.milliseconds(1)
        return Int32(max(0, min(wait.rounded(.up), 86_400_000)))
    }

    private func dispatch(_ mask: UInt32, _ token: UInt64) {
        if token == Self.wakeToken {
            var count: UInt64 = 0
            _ = unsafe read(wakeup, &count, MemoryLayout<UInt64>.size)
            return
        }
        // An earlier handler of this turn may have ended the watch: tokens are never used twice.
        guard let watch = watched[token] else { return }
        var readiness: EventPoller.Readiness = []
        if mask & EPOLLIN.rawValue != 0 { readiness.insert(.readable) }
        if mask & EPOLLOUT.rawValue != 0 { readiness.insert(.writable) }
        if mask & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { readiness.insert(.closed) }
        watch.handler(readiness)
    }

    func watch(
        _ descriptor: Int32,
        _ interest: EventPoller.Interest,
        _ trigger: EventPoller.Trigger,
        _ handler: @escaping @Sendable (EventPoller.Readiness) -> Void
    ) throws(PollerError) -> EventPoller.Watch {
        guard !isShutDown else { throw PollerError("watch", ESHUTDOWN) }
        let token = lastToken + 1
        guard clinux_epoll_set(epoll, EPOLL_CTL_ADD, descriptor, mask(interest, trigger), token) == 0 else {
            throw PollerError("epoll_ctl", errno)
        }
        lastToken = token
        watched[token] = Watched(descriptor: descriptor, handler: handler)
        return EventPoller.Watch(token: token, descriptor: descriptor)
    }

    func change(
        _ watch: EventPoller.Watch,
        _ interest: EventPoller.Interest,
        _ trigger: EventPoller.Trigger
    ) throws(PollerError) {
        guard watched[watch.token] != nil else { return }
        let mask = mask(interest, trigger)
        guard clinux_epoll_set(epoll, EPOLL_CTL_MOD, watch.descriptor, mask, watch.token) == 0 else {
            throw PollerError("epoll_ctl", errno)
        }
    }

    func unwatch(_ watch: EventPoller.Watch) {
        guard watched.removeValue(forKey: watch.token) != nil else { return }
        // The library below may have closed the descriptor itself; the kernel has then forgotten it (epoll(7)).
        _ = clinux_epoll_set(epoll, EPOLL_CTL_DEL, watch.descriptor, 0, 0)
    }

    private func mask(_ interest: EventPoller.Interest, _ trigger: EventPoller.Trigger) -> UInt32 {
        var mask = EPOLLRDHUP.rawValue
        if interest.contains(.readable) { mask |= EPOLLIN.rawValue }
        if interest.contains(.writable) { mask |= EPOLLOUT.rawValue }
        if trigger == .edge { mask |= clinux_EPOLLET }
        return mask
    }
}
