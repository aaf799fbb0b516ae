import Dispatch

/// Runs an actor's jobs on a serial dispatch queue of its own, so that waiting for the disk blocks neither Swift's pool
/// nor an event loop.
///
/// A dispatch queue and not a thread: a job that arrives after the end still runs and finds the connection closed.
final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
