internal import NIOCore
internal import Synchronization

/// Runs what answers requests on the event loop of their connection, so that a request that waits for nobody never changes
/// threads, and one that does comes back to where its answer is written.
///
/// One serves all connections of a loop: jobs that come together, as from the LDAP poller, cost the loop one task.
/// Nothing on it may block, as on Swift's own pool.
final class LoopExecutor: TaskExecutor {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        /// The loop has a task that will run them.
        var isAwaited = false
    }

    private let loop: any EventLoop
    private let inbox = Mutex(Inbox())

    init(_ loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isFirst = inbox.withLock { inbox in
            inbox.jobs.append(job)
            defer { inbox.isAwaited = true }
            return !inbox.isAwaited
        }
        if isFirst { loop.execute { self.run() } }
    }

    /// Runs what is there. What has come by then waits behind the loop's other tasks: answers that are ready are written first.
    private func run() {
        var batch: [UnownedJob] = []
        inbox.withLock { swap(&$0.jobs, &batch) }
        for job in batch { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
        let goesOn = inbox.withLock { inbox in
            inbox.isAwaited = !inbox.jobs.isEmpty
            return inbox.isAwaited
        }
        if goesOn { loop.execute { self.run() } }
    }
}
