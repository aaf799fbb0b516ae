internal import NIOCore

/// Runs what answers a request on the event loop of its connection, so that a request that waits for nobody never changes
/// threads, and one that does comes back to where its answer is written.
///
/// Nothing on it may block, as on Swift's own pool.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
