internal import Authentication
internal import Glibc

/// Tells systemd how the daemon fares (sd_notify(3)). Without a service manager every call does nothing.
public struct ServiceManager: Sendable {
    private let socket: String?

    /// How often a sign of life must be given at least; nil when none is expected.
    public let watchdog: Duration?

    /// Talks to the service manager of `environment`.
    public init(_ environment: ServiceEnvironment) {
        socket = environment.notifySocket
        watchdog = environment.watchdog
    }

    /// True when somebody listens.
    public var isPresent: Bool { socket != nil }

    /// It listens and the store is open; also the end of a reload.
    @discardableResult
    public func ready(status: String) async -> Bool {
        await notify("READY=1\nSTATUS=\(LogText.escaped(status))")
    }

    /// The start goes on: the service manager waits `limit` longer for READY=1, whatever `TimeoutStartSec=` says.
    @discardableResult
    public func starting(within limit: Duration, status: String) async -> Bool {
        let microseconds = max(0, Int64(limit / .microseconds(1)))
        return await notify("EXTEND_TIMEOUT_USEC=\(microseconds)\nSTATUS=\(LogText.escaped(status))")
    }

    /// One line for `systemctl status`.
    @discardableResult
    public func status(_ text: String) async -> Bool {
        await notify("STATUS=\(LogText.escaped(text))")
    }

    /// A reload begins; `ready(status:)` ends it.
    @discardableResult
    public func reloading() async -> Bool {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return await notify(
            "RELOADING=1\nMONOTONIC_USEC=\(Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)"
        )
    }

    /// It ends, within `limit`: the service manager waits that long whatever `TimeoutStopSec=` says.
    @discardableResult
    public func stopping(within limit: Duration) async -> Bool {
        await notify("STOPPING=1\nEXTEND_TIMEOUT_USEC=\(max(0, Int64(limit / .microseconds(1))))")
    }

    /// A sign of life.
    @discardableResult
    public func alive() async -> Bool {
        await notify("WATCHDOG=1")
    }

    /// Gives a sign of life at half the interval asked for, as sd_watchdog_enabled(3) advises, until it is cancelled;
    /// leaves it out while `isWell` says no. Returns at once when no sign is expected.
    public func keepAlive(while isWell: @Sendable () async -> Bool) async {
        guard let watchdog else { return }
        while !Task.isCancelled {
            if await isWell() { await alive() }
            do { try await Task.sleep(for: watchdog / 2) } catch { return }
        }
    }

    /// Sends one datagram. The service manager's queue may be full for a moment; after a second it is left.
    func notify(_ message: String) async -> Bool {
        guard let socket else { return false }
        for _ in 1...100 {
            let failure = NotifySocket.send(message, to: socket)
            if failure == 0 { return true }
            guard failure == EAGAIN || failure == ENOBUFS else { return false }
            do { try await Task.sleep(for: .milliseconds(10)) } catch { return false }
        }
        return false
    }
}
