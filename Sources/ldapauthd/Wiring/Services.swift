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

/// Takes SIGHUP, which would end the process otherwise. This version reads its configuration at the start only.
struct HangupService: Service {
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) {
                logger.warning("SIGHUP: this version cannot reload its configuration; restart it instead")
            }
        }
    }
}

/// Tells systemd STOPPING=1 when the stop begins.
struct StoppingService: Service {
    let manager: ServiceManager

    func run() async {
        // Cancelled or told to stop: both end the wait.
        try? await gracefulShutdown()
        await manager.stopping()
    }
}

/// Tells systemd READY=1 once every listener listens, whatever the directories do.
final class StartGate: Sendable {
    private let missing: Mutex<Int>
    private let manager: ServiceManager
    private let rooms: Rooms
    private let logger: Logger

    init(listeners: Int, manager: ServiceManager, rooms: Rooms, logger: Logger) {
        missing = Mutex(listeners)
        self.manager = manager
        self.rooms = rooms
        self.logger = logger
    }

    func listens() async {
        let isLast = missing.withLock { count in
            count -= 1
            return count == 0
        }
        guard isLast else { return }
        logger.info("ready")
        await manager.ready(status: StatusLine.text(rooms))
    }
}

/// Keeps the line of `systemctl status` true.
struct StatusLine: Sendable {
    let manager: ServiceManager
    let rooms: Rooms

    func run() async {
        guard manager.isPresent else { return }
        var last = ""
        while !Task.isCancelled {
            let text = Self.text(rooms)
            if text != last {
                last = text
                await manager.status(text)
            }
            try? await Task.sleep(for: .seconds(5))
        }
    }

    static func text(_ rooms: Rooms) -> String {
        let states = rooms.directories.map { "\($0.name) \($0.status.mayAnswer ? "up" : "down")" }
        return states.isEmpty ? "Serving local accounts" : "Directories: " + states.joined(separator: ", ")
    }
}
