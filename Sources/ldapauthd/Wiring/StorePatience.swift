import Logging
import Observability

/// The start while the database does not answer yet: waits for it instead of giving up, since nobody says in which order
/// machines come back after a power cut.
///
/// Only for what others share over a network: a file that cannot be opened now will not be opened later.
struct StorePatience {
    private static let pause = Duration.seconds(1)

    let manager: ServiceManager
    let logger: Logger

    /// What `open` returns once it succeeds; nil when the daemon was told to stop meanwhile.
    ///
    /// - Throws: what waiting does not mend.
    func wait<Value: Sendable>(
        _ open: () async throws(CommandFailure) -> Value
    ) async throws(CommandFailure) -> Value? {
        var isTold = false
        while true {
            do throws(CommandFailure) {
                let value = try await open()
                if isTold { logger.notice("The database answers") }
                return value
            } catch {
                guard error.isPassing else { throw error }
                if !isTold {
                    isTold = true
                    logger.error(
                        "The database does not answer; the start waits for it",
                        metadata: ["reason": "\(error.description)"]
                    )
                }
                // systemd would otherwise take it for a start that failed (TimeoutStartSec=).
                await manager.starting(within: .seconds(30), status: "Waiting for the database: \(error.description)")
            }
            if await isStopped(within: Self.pause) { return nil }
        }
    }

    /// True when the daemon was told to stop; false after the pause.
    private func isStopped(within pause: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await StopSignals.arrival()
                return !Task.isCancelled
            }
            group.addTask {
                // Cancelled: the other task was quicker.
                try? await Task.sleep(for: pause)
                return false
            }
            let isStopped = await group.next() ?? false
            group.cancelAll()
            return isStopped
        }
    }
}
