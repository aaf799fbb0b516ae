public import Authentication
public import Logging

/// Lets a key ring rotate on schedule. The program runs it beside the servers.
public struct KeyRotation: Sendable {
    private let keys: KeyRing
    private let clock: any WallClock
    private let logger: Logger

    /// A rotation of `keys`.
    public init(keys: KeyRing, clock: any WallClock = SystemWallClock(), logger: Logger) {
        self.keys = keys
        self.clock = clock
        self.logger = logger
    }

    /// Looks once a minute, more often when keys live shorter, until the task is cancelled; a failure is logged and
    /// tried again at the next look. After the clock was set forward no key is removed for an hour.
    public func run() async {
        var watch = ClockWatch(clock)
        while !Task.isCancelled {
            do {
                let removes = watch.isTrusted()
                if try await keys.rotateIfDue(removesRetired: removes) { logger.notice("Keys were rotated") }
            } catch {
                logger.error("Keys could not be rotated", metadata: ["reason": "\(error)"])
            }
            let interval = min(.seconds(60), max(.milliseconds(500), keys.rotation / 10))
            try? await Task.sleep(for: interval)
        }
    }
}
