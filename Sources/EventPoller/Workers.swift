import Glibc

/// The threads of a `BlockingPool` and their queue.
///
/// @unchecked Sendable: every stored property but the constants and the two POSIX objects is read and written with
/// `mutex` held (`locked`); the POSIX objects are made for that and live as long as this object does.
@safe
final class Workers: @unchecked Sendable {
    struct Counts {
        var completed: UInt64 = 0
        var waiting = 0
        var running = 0
    }

    struct Piece {
        let work: @Sendable () -> Void
        /// Called instead when no thread can be had for it.
        let refuse: @Sendable () -> Void
    }

    private let name: String
    private let limit: Int
    private let queueLimit: Int
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let workArrived: UnsafeMutablePointer<pthread_cond_t>

    private var queue = Queue<Piece>()
    private var threads = 0
    private var idle = 0
    private var running = 0
    private var completed: UInt64 = 0
    private var ends = false

    init(name: String, threads: Int, queueLimit: Int) {
        self.name = name
        limit = threads
        self.queueLimit = queueLimit
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe workArrived = .allocate(capacity: 1)
        unsafe workArrived.initialize(to: pthread_cond_t())
        unsafe pthread_cond_init(workArrived, nil)
    }

    // Each thread holds a reference: nobody waits on these any more.
    deinit {
        unsafe pthread_cond_destroy(workArrived)
        unsafe pthread_mutex_destroy(mutex)
        unsafe workArrived.deallocate()
        unsafe mutex.deallocate()
    }

    var counts: Counts {
        locked { Counts(completed: completed, waiting: queue.count, running: running) }
    }

    /// Runs the piece on a thread, or refuses it at once when it does not fit.
    func submit(_ piece: Piece) {
        let (accepted, needsThread): (Bool, Bool) = locked {
            // Counted in pieces, not in threads: one that was just started or woken has not taken its piece yet.
            guard !ends, queue.count + running < limit + queueLimit else { return (false, false) }
            queue.append(piece)
            let grows = queue.count > idle && threads < limit
            if grows { threads += 1 } else { unsafe pthread_cond_signal(workArrived) }
            return (true, grows)
        }
        if !accepted { piece.refuse() }
        if needsThread { startThread() }
    }

    func end() {
        locked {
            ends = true
            unsafe pthread_cond_broadcast(workArrived)
        }
    }

    private func startThread() {
        do {
            try Thread.start(name: name) { self.serve() }
        } catch {
            // The system is out of threads: those that run will come to it. If none runs, nobody would.
            let orphans: [Piece] = locked {
                threads -= 1
                var orphans: [Piece] = []
                while threads == 0, let piece = queue.popFirst() { orphans.append(piece) }
                return orphans
            }
            for piece in orphans { piece.refuse() }
        }
    }

    private func serve() {
        while let piece = next() {
            piece.work()
            locked {
                completed += 1
                running -= 1
            }
        }
    }

    /// The next piece of work; nil ends the thread.
    private func next() -> Piece? {
        locked {
            while queue.isEmpty {
                if ends {
                    threads -= 1
                    return nil
                }
                idle += 1
                unsafe pthread_cond_wait(workArrived, mutex)
                idle -= 1
            }
            running += 1
            return queue.popFirst()
        }
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }
}
