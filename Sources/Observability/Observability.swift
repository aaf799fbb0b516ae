// Observability: what the daemon tells its operator and its service manager.
//
// It owns the log handlers (text, JSON, journald) behind swift-log and the one thread that writes for them, the audit log
// by its field names, and the talk with systemd (readiness, watchdog, sockets handed over). It decides nothing: who is
// logged is decided by the rules, when READY=1 is due by the program. The program makes one `LogOutput` at its start and
// flushes it at its end; everybody else only sees a `Logger` or an `AuditSink`.

internal import Authentication
public import Logging

/// Names of this program as logs know it.
enum ProgramName {
    /// SYSLOG_IDENTIFIER in the journal.
    static let identifier = "ldapauthd"
}

extension LogOutput {
    /// A handler for `LoggingSystem.bootstrap`; all handlers of one output share its minimum level.
    ///
    /// - Parameter label: the logger's, shown in each record.
    public func handler(label: String) -> any LogHandler {
        DaemonLogHandler(label: label, output: self)
    }
}
