internal import Glibc

/// What systemd says in environment variables to the process it starts.
///
/// Read here and not through libsystemd, whose functions read and unset the variables anew at each call: this way they
/// are looked at once, at the start, and a child can never mistake them for its own.
public struct ServiceEnvironment: Sendable, Hashable {
    /// Where notifications go: a path, or a name that begins with `@`. nil when nobody listens.
    public let notifySocket: String?

    /// Within this a sign of life is due (`WatchdogSec=`); nil when none is expected.
    public let watchdog: Duration?

    /// Sockets handed over, in the order of the unit.
    public let sockets: [InheritedSocket]

    /// `$JOURNAL_STREAM`; stays set, because it is true for children too.
    public let journalStream: String?

    /// `$RUNTIME_DIRECTORY`, the folders of `RuntimeDirectory=` separated by colons; true for children too.
    public let runtimeDirectory: String?

    /// The variables that are meant for one process only.
    static let ownVariables = [
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS",
        "LISTEN_FDNAMES",
    ]

    /// SD_LISTEN_FDS_START of sd_listen_fds(3).
    private static let firstDescriptor: CInt = 3

    /// Reads the variables, unsets those meant for this process, and makes the sockets close-on-exec.
    ///
    /// Call it once, before there is a second thread: setenv(3) and getenv(3) know no locks.
    public static func takeOver() -> ServiceEnvironment {
        let environment = takeOver(
            process: getpid(),
            read: { name in unsafe getenv(name).map { unsafe String(cString: $0) } },
            unset: { name in unsafe unsetenv(name) }
        )
        for socket in environment.sockets { _ = fcntl(socket.descriptor, F_SETFD, FD_CLOEXEC) }
        return environment
    }

    static func takeOver(
        process: pid_t,
        read: (String) -> String?,
        unset: (String) -> Void
    ) -> ServiceEnvironment {
        var variables: [String: String] = [:]
        for name in ownVariables + ["JOURNAL_STREAM", "RUNTIME_DIRECTORY"] { variables[name] = read(name) }
        for name in ownVariables { unset(name) }
        return ServiceEnvironment(variables, process: process)
    }

    /// Reads variables that may be meant for another process: then they say nothing (sd_listen_fds(3),
    /// sd_watchdog_enabled(3)).
    init(_ variables: [String: String], process: pid_t) {
        notifySocket = variables["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        journalStream = variables["JOURNAL_STREAM"]
        runtimeDirectory = variables["RUNTIME_DIRECTORY"]
        watchdog = Self.watchdog(variables, process)
        sockets = Self.sockets(variables, process)
    }

    private static func watchdog(_ variables: [String: String], _ process: pid_t) -> Duration? {
        if let owner = variables["WATCHDOG_PID"], pid_t(owner) != process { return nil }
        guard let interval = variables["WATCHDOG_USEC"].flatMap({ Int64($0) }), interval > 0 else { return nil }
        return .microseconds(interval)
    }

    private static func sockets(_ variables: [String: String], _ process: pid_t) -> [InheritedSocket] {
        guard let owner = variables["LISTEN_PID"], pid_t(owner) == process,
            let count = variables["LISTEN_FDS"].flatMap({ CInt($0) }), 1...1024 ~= count
        else { return [] }
        let names = variables["LISTEN_FDNAMES"]?.split(separator: ":", omittingEmptySubsequences: false) ?? []
        return (0..<Int(count)).map { index in
            let name = index < names.count && !names[index].isEmpty ? String(names[index]) : "unknown"
            return InheritedSocket(descriptor: firstDescriptor + CInt(index), name: name)
        }
    }
}
