import Authentication
import EventPoller
import Glibc

/// The threads beside Swift's own: for hashes, and for calls of libldap that block.
struct Pools: Sendable {
    /// Argon2.
    let hashes: BlockingPool
    /// TLS handshakes and the like.
    let blocking: BlockingPool
    /// Kerberos tickets: apart from the others, so that none waits behind a directory's handshake, nor the reverse.
    let tickets: BlockingPool

    /// - Parameter hashThreads: `local.max_parallel_hashes`, 0 for the number of cores; four times as many wait.
    ///   A handshake with a host that fell silent holds a thread until `connect_timeout`, at most four for each host: so
    ///   many threads that half a dozen such hosts keep nobody else waiting. They start when they are needed.
    init(hashThreads: Int, blockingThreads: Int = 32) {
        let threads = hashThreads == 0 ? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) : hashThreads
        hashes = BlockingPool(name: "hash", threads: threads, queueLimit: 4 * threads)
        blocking = BlockingPool(name: "blocking", threads: blockingThreads, queueLimit: 1024)
        // A ticket takes well under a millisecond; more threads would only take turns at the replay cache's lock.
        tickets = BlockingPool(name: "tickets", threads: 2, queueLimit: 256)
    }

    /// The rules' view of the hash threads.
    var hashing: any WorkPool { HashingPool(pool: hashes) }

    func shutdown() {
        hashes.shutdown()
        blocking.shutdown()
        tickets.shutdown()
    }
}

/// `BlockingPool` in the shape the rules know.
private struct HashingPool: WorkPool {
    let pool: BlockingPool

    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(WorkPoolFull) -> Value {
        do throws(BlockingPool.Full) {
            return try await pool.run(work)
        } catch {
            throw WorkPoolFull()
        }
    }
}
