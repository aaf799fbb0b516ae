import EventPoller
import NIOCore
import NIOPosix
import Synchronization

/// Whether the daemon's own threads make progress: what the watchdog asks. Directories and the store never count here.
struct Health: Sendable {
    let poller: EventPoller
    let pools: Pools
    let group: MultiThreadedEventLoopGroup
    private let last = LastCount()

    init(poller: EventPoller, pools: Pools, group: MultiThreadedEventLoopGroup) {
        self.poller = poller
        self.pools = pools
        self.group = group
    }

    /// True when every event loop and the poller answer within two seconds and no pool is stuck.
    func isWell() async -> Bool {
        let turns = poller.turns
        poller.wake()
        guard await loopsAnswer() else { return false }
        for _ in 0..<200 where poller.turns == turns {
            // Cancelled: nobody waits for the answer any more.
            try? await Task.sleep(for: .milliseconds(10))
        }
        return poller.turns != turns && hashesProgress()
    }

    /// Waits for the loops by looking, not by awaiting them: an await on a loop that hangs would never come back.
    private func loopsAnswer() async -> Bool {
        let loops = Array(group.makeIterator())
        let answers = Answers()
        for loop in loops { loop.execute { answers.count() } }
        for _ in 0..<200 where answers.number < loops.count {
            // Cancelled: nobody waits for the answer any more.
            try? await Task.sleep(for: .milliseconds(10))
        }
        return answers.number == loops.count
    }

    /// The hash pool is stuck when work waits and nothing was finished since it was asked last. The other pool is not
    /// asked: its handshakes wait for directories, and a directory must never get the daemon restarted.
    private func hashesProgress() -> Bool {
        let completed = pools.hashes.completed
        return last.changed(to: completed) || pools.hashes.waiting == 0
    }
}

/// Counts what came back.
private final class Answers: Sendable {
    private let answered = Mutex(0)

    func count() { answered.withLock { $0 += 1 } }

    var number: Int { answered.withLock { $0 } }
}

/// What the pool had finished when it was asked last.
private final class LastCount: Sendable {
    private let value = Mutex<UInt64?>(nil)

    func changed(to count: UInt64) -> Bool {
        value.withLock { value in
            defer { value = count }
            return value != count
        }
    }
}
