public import Authentication

/// What an administrator did by a command, in the journal: commands have no log of their own, and their standard error is
/// a terminal.
public enum AdministratorTrace {
    /// Writes one record, as the audit log would; nothing where there is no journal.
    public static func record(_ event: AuditEvent) {
        guard JournalLog.isReachable else { return }
        let journal = JournalLog()
        journal.write([journal.encode(AuditLog.record(of: event, at: SystemWallClock().now()))])
    }
}
