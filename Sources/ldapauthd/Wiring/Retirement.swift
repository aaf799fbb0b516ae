import DirectoryAuth
import Logging
import Synchronization
import Tokens

/// Closes what a reload has replaced, once the requests that began with it have ended.
final class Retirement: Sendable {
    private struct State {
        var last = 0
        var under: [Int: Task<Void, Never>] = [:]
    }

    private let state = Mutex(State())
    private let patience: Duration
    private let logger: Logger

    /// - Parameter patience: longer than any request may take; after it the connections are closed in any case.
    init(patience: Duration, logger: Logger) {
        self.patience = patience
        self.logger = logger
    }

    /// Closes `directories` when nobody holds `users` any more: every request holds the service that answers it.
    func retire(_ directories: [DirectoryAuth.Directory], heldBy users: TokenService) {
        guard !directories.isEmpty else { return }
        state.withLock { state in
            state.last += 1
            let number = state.last
            state.under[number] = Task { [weak users, patience, logger] in
                let deadline = ContinuousClock.now + patience
                while users != nil, ContinuousClock.now < deadline {
                    // Cancelled: the daemon ends, and everything is closed.
                    guard (try? await Task.sleep(for: .milliseconds(50))) != nil else { break }
                }
                for directory in directories {
                    await directory.shutdown()
                    logger.debug("directory closed", metadata: ["directory": "\(directory.name)"])
                }
                self.ended(number)
            }
        }
    }

    private func ended(_ number: Int) {
        state.withLock { $0.under[number] = nil }
    }

    /// Closes at once what still waits.
    func finish() async {
        let tasks = state.withLock { Array($0.under.values) }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
