internal import Dispatch
internal import Glibc
internal import Logging
internal import Synchronization

/// The queue behind a `LogOutput` and the thread that empties it.
final class LogWriter: Sendable {
    private struct State {
        var waiting: [LogEntry] = []
        var waitingBytes = 0
        var dropped = 0
        var droppedInAll: UInt64 = 0
        /// The thread has nothing to do and sleeps on `wake`.
        var isIdle = false
        var isClosed = false
        var flushers: [DispatchSemaphore] = []
    }

    /// Between two writes, in microseconds.
    private static let rest: useconds_t = 2000

    private let destination: any LogDestination
    private let maximumWaiting: Int
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    init(_ destination: any LogDestination, maximumWaiting: Int) {
        self.destination = destination
        self.maximumWaiting = maximumWaiting
    }

    func add(_ record: LogRecord) {
        let entry = destination.encode(record)
        let mustWake = state.withLock { state in
            guard state.waitingBytes + entry.bytes.count <= maximumWaiting else {
                state.dropped += 1
                state.droppedInAll += 1
                return false
            }
            state.waiting.append(entry)
            state.waitingBytes += entry.bytes.count
            defer { state.isIdle = false }
            return state.isIdle
        }
        if mustWake { wake.signal() }
    }

    /// Records dropped since the start.
    var dropped: UInt64 { state.withLock { $0.droppedInAll } }

    func flush(within limit: Duration) -> Bool {
        let written = DispatchSemaphore(value: 0)
        let isDone = state.withLock { state in
            if state.isIdle { return true }
            state.flushers.append(written)
            return false
        }
        return isDone || written.wait(timeout: .now() + .milliseconds(Int(limit / .milliseconds(1)))) == .success
    }

    /// Ends the thread once everything is written.
    func close() {
        let mustWake = state.withLock { state in
            state.isClosed = true
            defer { state.isIdle = false }
            return state.isIdle
        }
        if mustWake { wake.signal() }
    }

    /// Starts the thread; without one (the machine has no more) records are counted as dropped, and the daemon lives on.
    func start() {
        let context = unsafe Unmanaged.passRetained(self)
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<LogWriter>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            context.toOpaque()
        )
        if failure == 0 { pthread_detach(thread) } else { unsafe context.release() }
    }

    private func run() {
        // Signals are the program's business, and a reader that has gone shall be EPIPE here (signal(7)).
        var signals = sigset_t()
        unsafe sigfillset(&signals)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        while let entries = next() {
            if entries.isEmpty {
                wake.wait()
            } else {
                destination.write(entries)
                // On a busy daemon the next come together, and nobody has to wake this thread for each.
                if !isAwaited { usleep(Self.rest) }
            }
        }
    }

    /// Somebody waits for all to be written.
    private var isAwaited: Bool { state.withLock { !$0.flushers.isEmpty || $0.isClosed } }

    /// What waits; empty when nothing does, nil when the thread shall end.
    private func next() -> [LogEntry]? {
        let (entries, dropped, isClosed) = state.withLock { state in
            defer {
                state.waiting = []
                state.waitingBytes = 0
                state.dropped = 0
            }
            if state.waiting.isEmpty, state.dropped == 0 {
                for flusher in state.flushers { flusher.signal() }
                state.flushers = []
                state.isIdle = true
            }
            return (state.waiting, state.dropped, state.isClosed)
        }
        if dropped > 0 {
            let text = "\(dropped) log records were dropped, because whoever reads the log was too slow"
            return entries + [destination.encode(LogOutput.record(.warning, text))]
        }
        return entries.isEmpty && isClosed ? nil : entries
    }
}
