import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import HTTPAPI

private final class Steps: Sendable {
    private let counts = Mutex((onLoop: 0, elsewhere: 0))

    var onLoop: Int { counts.withLock(\.onLoop) }
    var elsewhere: Int { counts.withLock(\.elsewhere) }

    func count(isOnLoop: Bool) {
        counts.withLock { if isOnLoop { $0.onLoop += 1 } else { $0.elsewhere += 1 } }
    }
}

@Suite("Loop executor", .timeLimit(.minutes(1)))
struct LoopExecutorTests {
    private let loop = eventLoops.next()

    @Test func everyJobOfEveryThreadRunsOnTheLoop() async {
        let executor = LoopExecutor(loop)
        let steps = Steps()
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask { [loop] in
                    for _ in 0..<500 {
                        await Task(executorPreference: executor) {
                            for _ in 0..<4 {
                                steps.count(isOnLoop: loop.inEventLoop)
                                await Task.yield()
                            }
                        }.value
                    }
                }
            }
        }
        #expect(steps.onLoop == 8 * 500 * 4)
        #expect(steps.elsewhere == 0)
    }

    @Test func theLoopHasTimeForOthersHoweverManyJobsFollowEachOther() async throws {
        let executor = LoopExecutor(loop)
        let isDone = Flag()
        let endless = Task(executorPreference: executor) {
            while !isDone.isSet, !Task.isCancelled { await Task.yield() }
        }
        try await loop.scheduleTask(in: .milliseconds(20)) { isDone.set() }.futureResult.get()
        await endless.value
        #expect(isDone.isSet)
    }
}
