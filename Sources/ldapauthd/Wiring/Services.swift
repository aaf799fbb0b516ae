import DirectoryAuth
import HTTPAPI
import Logging
import Observability
import ServiceLifecycle
import Synchronization
import UnixSignals

/// A loop that ends when it is cancelled, as a service that ends at a graceful stop.
struct LoopService: Service {
    let loop: @Sendable () async -> Void

    init(_ loop: @escaping @Sendable () async -> Void) {
        self.loop = loop
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await loop()
            // A loop with nothing to do must not look like one that failed: the group stops when a service ends.
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        }
    }
}

/// Reloads on SIGHUP.
struct HangupService: Service {
    let hangups: UnixSignalsSequence
    let reloader: Reloader

    func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in hangups { _ = await reloader.run(askedBy: "SIGHUP") }
        }
    }
}

/// Tells systemd STOPPING=1 when the stop begins.
struct StoppingService: Service {
    let manager: ServiceManager
    /// How long requests under way may take.
    let grace: Duration

    func run() async {
        // Cancelled or told to stop: both end the wait.
        try? await gracefulShutdown()
        await manager.stopping(within: grace + .seconds(10))
    }
}

/// Tells systemd READY=1 once every listener listens, whatever the directories do.
final class StartGate: Sendable {
    private let missing: Mutex<Int>
    private let manager: ServiceManager
    private let text: @Sendable () -> String
    private let logger: Logger

    /// - Parameter text: for STATUS=.
    init(listeners: Int, manager: ServiceManager, logger: Logger, text: @escaping @Sendable () -> String) {
        missing = Mutex(listeners)
        self.manager = manager
        self.text = text
        self.logger = logger
    }

    func listens() async {
        let isLast = missing.withLock { count in
            count -= 1
            return count == 0
        }
        guard isLast else { return }
        logger.info("ready")
        await manager.ready(status: text())
    }
}

/// Keeps the line of `systemctl status` true.
struct StatusLine: Sendable {
    let manager: ServiceManager
    let inForce: InForce
    let metrics: LoginMetrics

    func run() async {
        guard manager.isPresent else { return }
        var last = ""
        while !Task.isCancelled {
            let text = Self.text(inForce.rooms, metrics)
            if text != last {
                last = text
                await manager.status(text)
            }
            try? await Task.sleep(for: .seconds(5))
        }
    }

    static func text(_ rooms: Rooms, _ metrics: LoginMetrics) -> String {
        let states = rooms.directories.map { running in
            let status = running.directory.status
            return "\(status.name) \(status.mayAnswer ? "up" : status.isUnknown ? "not asked yet" : "down")"
        }
        let sources = states.isEmpty ? "Local accounts" : "Directories: " + states.joined(separator: ", ")
        let (granted, refused) = metrics.loginCounts
        return "\(sources); \(granted) logins, \(refused) refused"
    }
}
