import CLinux
import Glibc

/// Starts threads of our own; nothing of Foundation is needed for that.
enum Thread {
    /// Starts a detached thread on which every signal that can wait is blocked.
    static func start(name: String, _ body: @escaping @Sendable () -> Void) throws(PollerError) {
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            start.toOpaque()
        )
        guard failure == 0 else {
            unsafe start.release()
            throw PollerError("pthread_create", failure)
        }
        pthread_detach(thread)
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            // Signals belong to the program's own threads. SIGPIPE would be delivered to the thread that wrote
            // (signal(7)): blocked here, a write to a lost peer is EPIPE whatever the program has set.
            var signals = sigset_t()
            unsafe sigfillset(&signals)
            for synchronous in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGPROF] {
                unsafe sigdelset(&signals, synchronous)
            }
            unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
            unsafe clinux_name_thread(name)
            body()
        }
    }
}
