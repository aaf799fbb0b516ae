import EventPoller
import NIOCore
import NIOPosix
import Synchronization

/// Whether the daemon's own threads make progress: what the watchdog asks. Directories and the store never count here.
struct Health: Sendable {
    let poller: EventPoller
    let pools: Pools
    let group: MultiThreadedEventLoopGroup
    private let last = LastCounts()

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
        return poller.turns != turns && poolsProgress()
    }

    private func loopsAnswer() async -> Bool {
        await withTaskGroup(of: Bool.self) { tasks in
            tasks.addTask { [group] in
                for loop in group.makeIterator() {
                    guard (try? await loop.submit {}.get()) != nil else { return false }
                }
                return true
            }
            tasks.addTask {
                try? await Task.sleep(for: .seconds(2))
                return false
            }
            let first = await tasks.next() ?? false
            tasks.cancelAll()
            return first
        }
    }

    /// A pool is stuck when work waits and nothing was finished since it was asked last.
    private func poolsProgress() -> Bool {
        [pools.hashes, pools.blocking].enumerated().allSatisfy { index, pool in
            let completed = pool.completed
            return last.changed(index, to: completed) || pool.waiting == 0
        }
    }
}

/// What the pools had finished when they were asked last.
private final class LastCounts: Sendable {
    private let counts = Mutex<[Int: UInt64]>([:])

    func changed(_ index: Int, to count: UInt64) -> Bool {
        counts.withLock { $0.updateValue(count, forKey: index) != count }
    }
}
