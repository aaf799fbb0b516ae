public import Logging

/// Lets a key ring rotate on schedule. The program runs it beside the servers.
public struct KeyRotation: Sendable {
    private let keys: KeyRing
    private let logger: Logger

    /// A rotation of `keys`.
    public init(keys: KeyRing, logger: Logger) {
        self.keys = keys
        self.logger = logger
    }

    /// Looks once a minute, more often when keys live shorter, until the task is cancelled; a failure is logged and
    /// tried again at the next look.
    public func run() async {
        while !Task.isCancelled {
            do {
                if try await keys.rotateIfDue() { logger.notice("Keys were rotated") }
            } catch {
                logger.error("Keys could not be rotated", metadata: ["reason": "\(error)"])
            }
            let interval = min(.seconds(60), max(.milliseconds(500), keys.rotation / 10))
            try? await Task.sleep(for: interval)
        }
    }
}
