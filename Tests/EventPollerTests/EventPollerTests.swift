import Glibc
import Synchronization
import Testing

@testable import EventPoller

/// An actor that lives on a poller.
actor Counter {
    nonisolated let poller: EventPoller
    nonisolated var unownedExecutor: UnownedSerialExecutor { poller.asUnownedSerialExecutor() }

    private(set) var count = 0
    private(set) var log: [String] = []

    init(_ poller: EventPoller) { self.poller = poller }

    func add() { count += 1 }

    /// How many timers the poller keeps.
    var timers: Int { poller.timerCount }

    func note(_ word: String) { log.append(word) }

    func onThread() -> pthread_t { pthread_self() }

    func threadName() -> String {
        // proc(5): the name of the thread that reads it.
        let file = open("/proc/thread-self/comm", O_RDONLY)
        defer { close(file) }
        var name = [UInt8](repeating: 0, count: 32)
        let count = read(file, &name, name.count)
        return String(decoding: name.prefix(max(0, count - 1)), as: UTF8.self)
    }

    /// Calls another actor of the same poller many times from the poller's own thread.
    func callMany(_ other: Counter, _ times: Int) async {
        for _ in 0..<times { await other.add() }
    }

    func sleep(until deadline: ContinuousClock.Instant) async {
        await withCheckedContinuation { continuation in
            _ = poller.schedule(at: deadline) { continuation.resume() }
        }
    }

    /// Sets timers that note their offset, and takes those back again that are named.
    func scheduleNotes(_ offsets: [Int], cancelling cancelled: Set<Int> = []) -> [EventPoller.Timer] {
        let start = ContinuousClock.now
        let timers = offsets.map { offset in
            poller.schedule(at: start + .milliseconds(offset)) { [self] in
                assumeIsolated { $0.log.append("\(offset)") }
            }
        }
        for (offset, timer) in zip(offsets, timers) where cancelled.contains(offset) { poller.cancel(timer) }
        return timers
    }

    func cancel(_ timer: EventPoller.Timer) { poller.cancel(timer) }

    func watch(
        _ descriptor: Int32,
        for interest: EventPoller.Interest,
        trigger: EventPoller.Trigger,
        reads: Int
    ) throws -> EventPoller.Watch {
        try poller.watch(descriptor, for: interest, trigger: trigger) { [self] readiness in
            assumeIsolated { isolated in
                if readiness.contains(.closed) { isolated.log.append("closed") }
                if readiness.contains(.writable) { isolated.log.append("writable") }
                guard readiness.contains(.readable) else { return }
                var buffer = [UInt8](repeating: 0, count: max(1, reads))
                let count = reads > 0 ? read(descriptor, &buffer, reads) : 0
                isolated.log.append("read \(count)")
            }
        }
    }

    func change(
        _ watch: EventPoller.Watch,
        to interest: EventPoller.Interest,
        trigger: EventPoller.Trigger
    ) throws {
        try poller.change(watch, to: interest, trigger: trigger)
    }

    func unwatch(_ watch: EventPoller.Watch) { poller.unwatch(watch) }
}

/// A pair of connected sockets that do not block.
func makeSockets() -> (Int32, Int32) {
    var pair: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    #expect(socketpair(AF_UNIX, kind, 0, &pair) == 0)
    return (pair[0], pair[1])
}

/// True as soon as the condition holds.
func soon(_ condition: () async -> Bool) async -> Bool {
    for _ in 0..<1000 {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return false
}

@Suite struct EventPollerTests {
    @Test func jobsRunOnItsNamedThread() async throws {
        let poller = try EventPoller(name: "a-name-much-too-long")
        let counter = Counter(poller)
        let (first, second) = await (counter.onThread(), Counter(poller).onThread())
        #expect(first == second)
        #expect(first != pthread_self())
        #expect(await counter.threadName() == "a-name-much-too")
        #expect(poller.isIsolatingCurrentContext() == false)
    }

    @Test func manyTasksFromManyThreadsAllRun() async throws {
        let counter = Counter(try EventPoller())
        await withDiscardingTaskGroup { group in
            for _ in 0..<100 {
                group.addTask { for _ in 0..<100 { await counter.add() } }
            }
        }
        #expect(await counter.count == 10_000)
    }

    @Test func callsBetweenItsActorsAreCheap() async throws {
        let poller = try EventPoller()
        let (one, other) = (Counter(poller), Counter(poller))
        let before = poller.turns
        await one.callMany(other, 10_000)
        #expect(await other.count == 10_000)
        // The loop did not have to turn, let alone be woken, for each of them.
        #expect(poller.turns - before < 1_000)
    }

    @Test func timersFireInOrderAndCanBeTakenBack() async throws {
        let counter = Counter(try EventPoller())
        let timers = await counter.scheduleNotes([90, 30, 60, 40], cancelling: [40])
        #expect(await soon { await counter.log == ["30", "60", "90"] })
        await counter.cancel(timers[0])
    }

    private final class Token: Sendable {}

    @Test func anAlarmTakenBackLetsGoOfWhatItHolds() async throws {
        let poller = try EventPoller()
        weak var held: Token?
        let alarm: EventPoller.Alarm
        do {
            let token = Token()
            held = token
            alarm = poller.setAlarm(at: .now + .seconds(600)) { withExtendedLifetime(token) {} }
        }
        #expect(held != nil)
        poller.cancel(alarm)
        poller.wake()
        for _ in 0..<500 where held != nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(held == nil)
    }

    @Test func whoHasTheValueLeavesNoAlarmBehind() async throws {
        let poller = try EventPoller()
        let pool = BlockingPool(name: "test", threads: 1, queueLimit: 4)
        for number in 0..<100 {
            #expect(try await pool.run(until: .now + .seconds(600), on: poller) { number } == number)
        }
        #expect(await Counter(poller).timers <= 1)
        pool.shutdown()
    }

    @Test func aTimerIsNotEarlyAndDoesNotBlockJobs() async throws {
        let counter = Counter(try EventPoller())
        let deadline = ContinuousClock.now + .milliseconds(80)
        async let slept: Void = counter.sleep(until: deadline)
        await counter.add()
        #expect(await counter.count == 1)
        await slept
        #expect(ContinuousClock.now >= deadline)
    }

    @Test func aLevelWatchComesBackUntilAllIsRead() async throws {
        let counter = Counter(try EventPoller())
        let (near, far) = makeSockets()
        defer { for end in [near, far] { close(end) } }
        let watch = try await counter.watch(near, for: .readable, trigger: .level, reads: 2)
        #expect(write(far, "abcde", 5) == 5)
        #expect(await soon { await counter.log == ["read 2", "read 2", "read 1"] })
        await counter.unwatch(watch)
    }

    @Test func anEdgeWatchTellsOnceForWhatIsThere() async throws {
        let counter = Counter(try EventPoller())
        let (near, far) = makeSockets()
        defer { for end in [near, far] { close(end) } }
        let watch = try await counter.watch(near, for: [.readable, .writable], trigger: .edge, reads: 2)
        #expect(await soon { await counter.log == ["writable"] })
        #expect(write(far, "abcde", 5) == 5)
        #expect(await soon { await counter.log.contains("read 2") })
        try? await Task.sleep(for: .milliseconds(50))
        #expect(await counter.log.count { $0.hasPrefix("read") } == 1)
        #expect(write(far, "f", 1) == 1)
        #expect(await soon { await counter.log.count { $0 == "read 2" } == 2 })
        await counter.unwatch(watch)
    }

    @Test func aChangedWatchAsksForSomethingElse() async throws {
        let counter = Counter(try EventPoller())
        let (near, far) = makeSockets()
        defer { for end in [near, far] { close(end) } }
        let watch = try await counter.watch(near, for: .readable, trigger: .edge, reads: 8)
        try? await Task.sleep(for: .milliseconds(30))
        #expect(await counter.log.isEmpty)
        try await counter.change(watch, to: .writable, trigger: .edge)
        #expect(await soon { await counter.log == ["writable"] })
    }

    @Test func aHangUpIsReported() async throws {
        let counter = Counter(try EventPoller())
        let (near, far) = makeSockets()
        let watch = try await counter.watch(near, for: [], trigger: .edge, reads: 0)
        close(far)
        #expect(await soon { await counter.log == ["closed"] })
        await counter.unwatch(watch)
        close(near)
    }

    @Test func nothingIsReportedAfterTheWatchEnds() async throws {
        let counter = Counter(try EventPoller())
        let (near, far) = makeSockets()
        defer { for end in [near, far] { close(end) } }
        let watch = try await counter.watch(near, for: .readable, trigger: .level, reads: 1)
        await counter.unwatch(watch)
        await counter.unwatch(watch)
        #expect(write(far, "x", 1) == 1)
        try? await Task.sleep(for: .milliseconds(30))
        #expect(await counter.log.isEmpty)
    }

    @Test func refusesADescriptorTheKernelDoesNotTake() async throws {
        let counter = Counter(try EventPoller())
        await #expect(throws: PollerError.self) {
            _ = try await counter.watch(-1, for: .readable, trigger: .level, reads: 1)
        }
    }

    @Test func aWakeIsATurn() async throws {
        let poller = try EventPoller()
        _ = await Counter(poller).count
        try? await Task.sleep(for: .milliseconds(20))
        let before = poller.turns
        poller.wake()
        #expect(await soon { poller.turns > before })
    }

    @Test func afterShutdownNothingIsWatchedButJobsRun() async throws {
        let poller = try EventPoller()
        let counter = Counter(poller)
        let (near, far) = makeSockets()
        defer { for end in [near, far] { close(end) } }
        _ = try await counter.watch(near, for: .readable, trigger: .level, reads: 1)
        let deadline = ContinuousClock.now + .milliseconds(500)
        _ = await counter.scheduleNotes([500])
        poller.shutdown()
        await counter.add()
        #expect(write(far, "x", 1) == 1)
        let wasInTime = ContinuousClock.now < deadline
        try? await Task.sleep(for: .milliseconds(700))
        #expect(await counter.log.allSatisfy { $0 == "500" && !wasInTime })
        await #expect(throws: PollerError.self) {
            _ = try await counter.watch(far, for: .readable, trigger: .level, reads: 1)
        }
    }

    @Test func itsThreadAndDescriptorsGoWithIt() async throws {
        // In a process of its own: other tests open descriptors meanwhile.
        await #expect(processExitsWith: .success) {
            func descriptors() -> Int {
                guard let folder = opendir("/proc/self/fd") else { return -1 }
                defer { closedir(folder) }
                var count = 0
                while readdir(folder) != nil { count += 1 }
                return count
            }
            _ = try await Counter(EventPoller()).onThread()
            // Swift's own timers need descriptors, too, from the first sleep on.
            try await Task.sleep(for: .milliseconds(20))
            let before = descriptors()
            for _ in 0..<50 {
                let counter = Counter(try EventPoller())
                await counter.sleep(until: .now + .milliseconds(1))
            }
            #expect(await soon { descriptors() <= before + 2 })
        }
    }
}
