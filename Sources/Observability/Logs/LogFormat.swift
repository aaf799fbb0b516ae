internal import Glibc

/// `log.format` of the configuration.
public enum LogFormat: String, Sendable, Hashable, CaseIterable {
    /// `journald` when standard error is the journal, else `text`.
    case auto
    /// One object a line.
    case json
    /// One line a record, for people.
    case text
    /// The journal's native protocol, with fields.
    case journald

    /// The format to use: never `auto`.
    ///
    /// - Parameters:
    ///   - journalStream: `$JOURNAL_STREAM`, device and inode of the stream systemd connected (systemd.exec(5)).
    ///   - descriptor: where the records would go otherwise; the variable may be inherited by a process whose standard
    ///     error was redirected since.
    public func resolved(journalStream: String?, descriptor: CInt = 2) -> LogFormat {
        guard self == .auto else { return self }
        var status = stat()
        guard let journalStream, unsafe fstat(descriptor, &status) == 0 else { return .text }
        return journalStream == "\(status.st_dev):\(status.st_ino)" ? .journald : .text
    }
}
