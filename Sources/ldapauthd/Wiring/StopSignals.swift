import CLinux
import Dispatch
import Synchronization

/// SIGTERM and SIGINT of the daemon, taken from its first moment on: a service group takes them only once it runs, and one
/// that came earlier would end the process in the middle of its start.
enum StopSignals {
    private static let event = Mutex<CInt>(-1)

    /// Takes them from now on. Once, at the start of `main`.
    static func trap() {
        event.withLock { $0 = clinux_trap_stop() }
    }

    /// Returns when one has come, or when the task is cancelled.
    static func arrival() async {
        let descriptor = event.withLock { $0 }
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        guard descriptor >= 0 else {
            // Nobody trapped them, so none will come this way.
            for await _ in arrivals {}
            return
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
        source.setEventHandler { arrival.finish() }
        source.activate()
        for await _ in arrivals {}
        source.cancel()
    }
}
