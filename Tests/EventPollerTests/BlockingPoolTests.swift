import EventPoller
import Glibc
import Synchronization
import Testing

/// A door that stays shut until it is opened; threads of a pool wait at it.
final class Door: Sendable {
    private let isOpen = Atomic(false)
    private let waiters = Atomic(0)

    var count: Int { waiters.load(ordering: .sequentiallyConsistent) }

    func open() { isOpen.store(true, ordering: .sequentiallyConsistent) }

    func wait() {
        waiters.add(1, ordering: .sequentiallyConsistent)
        while !isOpen.load(ordering: .sequentiallyConsistent) { usleep(1000) }
    }
}

@Suite struct BlockingPoolTests {
    private let poller: EventPoller

    init() throws { poller = try EventPoller() }

    @Test func returnsWhatTheWorkReturns() async throws {
        let pool = BlockingPool(name: "p", threads: 2, queueLimit: 100)
        let values = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<50 { group.addTask { try await pool.run { number * 2 } } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(values.sorted() == (0..<50).map { $0 * 2 })
        #expect(await soon { pool.completed == 50 && pool.running == 0 })
        #expect(pool.waiting == 0)
    }

    @Test func refusesAtOnceWhatDoesNotFit() async throws {
        let pool = BlockingPool(name: "p", threads: 2, queueLimit: 1)
        let door = Door()
        let held = (0..<3).map { _ in Task { try await pool.run { door.wait() } } }
        #expect(await soon { door.count == 2 && pool.waiting == 1 })
        #expect(pool.running == 2)
        await #expect(throws: BlockingPool.Full()) { try await pool.run {} }
        await #expect(throws: BlockingPool.GivenUp(.full)) {
            try await pool.run(until: .now + .seconds(5), on: poller) {}
        }
        door.open()
        for task in held { try await task.value }
        #expect(try await pool.run { 7 } == 7)
        #expect(await soon { pool.completed == 4 })
    }

    @Test func aCallerMayGiveUpAtItsDeadline() async throws {
        let pool = BlockingPool(name: "p", threads: 1, queueLimit: 4)
        let door = Door()
        let neverRuns = Atomic(false)
        let begun = ContinuousClock.now
        let first = Task { try await pool.run(until: .now + .seconds(2), on: poller) { door.wait() } }
        #expect(await soon { door.count == 1 })
        await #expect(throws: BlockingPool.GivenUp(.deadline)) {
            try await pool.run(until: .now + .milliseconds(60), on: poller) {
                neverRuns.store(true, ordering: .relaxed)
            }
        }
        await #expect(throws: BlockingPool.GivenUp(.deadline)) { try await first.value }
        #expect(ContinuousClock.now - begun < .seconds(30))
        #expect(pool.running == 1)
        door.open()
        #expect(try await pool.run { 1 } == 1)
        // What waited when its caller gave up was never begun.
        let wasBegun = neverRuns.load(ordering: .relaxed)
        #expect(!wasBegun)
    }

    @Test func aCancelledCallerReturnsAtOnce() async throws {
        let pool = BlockingPool(name: "p", threads: 1, queueLimit: 4)
        let door = Door()
        let task = Task { try await pool.run(until: .now + .seconds(60), on: poller) { door.wait() } }
        #expect(await soon { door.count == 1 })
        task.cancel()
        await #expect(throws: BlockingPool.GivenUp(.cancelled)) { try await task.value }
        door.open()
    }

    @Test func alreadyCancelledWorkIsNotBegun() async throws {
        let pool = BlockingPool(name: "p", threads: 1, queueLimit: 4)
        let ran = Atomic(false)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await pool.run(until: .now + .seconds(60), on: poller) { ran.store(true, ordering: .relaxed) }
        }
        task.cancel()
        await #expect(throws: BlockingPool.GivenUp(.cancelled)) { try await task.value }
        #expect(try await pool.run { 1 } == 1)
        let begun = ran.load(ordering: .relaxed)
        #expect(!begun)
    }

    @Test func shutdownFinishesWhatIsQueuedAndRefusesTheRest() async throws {
        let pool = BlockingPool(name: "p", threads: 1, queueLimit: 10)
        let door = Door()
        let held = Task { try await pool.run { door.wait() } }
        #expect(await soon { door.count == 1 })
        let queued = Task { try await pool.run { 5 } }
        #expect(await soon { pool.waiting == 1 })
        pool.shutdown()
        await #expect(throws: BlockingPool.Full()) { try await pool.run {} }
        door.open()
        try await held.value
        #expect(try await queued.value == 5)
    }

    @Test func workWithoutAListenerRunsOrIsRefused() async throws {
        let pool = BlockingPool(name: "p", threads: 1, queueLimit: 0)
        let door = Door()
        let refused = Atomic(0)
        pool.start {
            door.wait()
        } orElse: {
            refused.add(1, ordering: .relaxed)
        }
        #expect(await soon { door.count == 1 })
        pool.start {
        } orElse: {
            refused.add(1, ordering: .relaxed)
        }
        let count = refused.load(ordering: .relaxed)
        #expect(count == 1)
        door.open()
        #expect(await soon { pool.completed == 1 })
    }

    @Test func aWriteToALostPeerDoesNotEndTheProcess() async throws {
        // SIGPIPE keeps its default action here, as in a program that forgot to ignore it.
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            let pool = BlockingPool(name: "p", threads: 1, queueLimit: 1)
            let outcome = try await pool.run { () -> Int32 in
                var pair: [Int32] = [-1, -1]
                socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair)
                close(pair[1])
                return write(pair[0], "x", 1) < 0 ? errno : 0
            }
            #expect(outcome == EPIPE)
        }
    }
}
