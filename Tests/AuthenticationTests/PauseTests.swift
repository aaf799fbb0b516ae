import Synchronization
import Testing

@testable import Authentication

/// The wait of a loop between its turns.
@Suite struct PauseTests {
    private static let long = Duration.seconds(60)

    @Test func itEndsAtItsTime() async {
        let start = ContinuousClock.now
        #expect(await Pause().wait(until: start + .milliseconds(50)) == false)
        #expect(ContinuousClock.now >= start + .milliseconds(50))
    }

    @Test(.timeLimit(.minutes(1))) func whoEndsItBeforeEndsTheNextWaitAndNoOther() async {
        let pause = Pause()
        pause.end()
        pause.end()
        #expect(await pause.wait(until: .now + Self.long))
        #expect(await pause.wait(until: .now + .milliseconds(20)) == false)
    }

    @Test(.timeLimit(.minutes(1))) func whoEndsItMeanwhileWakesIt() async {
        for _ in 0..<200 {
            let pause = Pause()
            async let wasEnded = pause.wait(until: .now + Self.long)
            await Task.yield()
            pause.end()
            #expect(await wasEnded)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aCancelledTaskWaitsForNothing() async {
        let pause = Pause()
        let waiting = Task { await pause.wait(until: .now + Self.long) }
        waiting.cancel()
        #expect(await waiting.value == false)
    }
}

/// Counts what it runs, on Swift's own pool.
private final class CountingExecutor: TaskExecutor {
    private let number = Atomic(0)

    var count: Int { number.load(ordering: .relaxed) }

    func enqueue(_ job: consuming ExecutorJob) {
        number.add(1, ordering: .relaxed)
        let job = UnownedJob(job)
        Task.detached { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Tasks that are made on behalf of another one.
@Suite struct SameExecutorTests {
    @Test func theMakersPreferenceIsKeptAndItsCancellationIsNot() async {
        let executor = CountingExecutor()
        let outer = Task(executorPreference: executor) {
            withUnsafeCurrentTask { unsafe $0?.cancel() }
            let before = executor.count
            let isCancelled = await Task.onSameExecutor { Task.isCancelled }.value
            return (isCancelled, executor.count > before)
        }
        let (isCancelled, wasUsed) = await outer.value
        #expect(!isCancelled)
        #expect(wasUsed)
    }
}
