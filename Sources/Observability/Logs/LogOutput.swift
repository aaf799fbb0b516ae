internal import Authentication
public import Logging

/// Where all log records of the process go, written by one thread of its own.
///
/// Whoever logs never waits for the terminal, the pipe or the journal behind it: records are put in a bounded queue, and
/// while it is full they are counted instead, and the count is logged as soon as there is room. A direct write(2) would
/// be simpler, but a reader that stalls (a full pipe, a journal under pressure) would then stop the event loops.
public final class LogOutput: Sendable {
    /// How much may wait: some seconds of a busy server.
    static let maximumWaiting = 4 << 20

    /// The level of all loggers that have none of their own.
    public let minimumLevel: MinimumLevel

    private let writer: LogWriter

    /// Records in `format` to standard error or the journal.
    ///
    /// - Parameters:
    ///   - format: `auto` looks at `journalStream`; `journald` without a journal on this machine becomes `text`, because
    ///     sd_journal_sendv(3) drops everything silently then, and says so in a first line.
    ///   - level: to begin with.
    ///   - journalStream: `$JOURNAL_STREAM`.
    ///   - descriptor: standard error, or another for a test. It stays the caller's.
    public convenience init(
        format: LogFormat,
        level: Logger.Level = .info,
        journalStream: String? = nil,
        descriptor: CInt = 2
    ) {
        let file = LineFile(descriptor: descriptor)
        let resolved = format.resolved(journalStream: journalStream, descriptor: descriptor)
        switch resolved {
        case .json: self.init(JSONLog(file: file), level: level)
        case .journald where JournalLog.isReachable: self.init(JournalLog(), level: level)
        case .auto, .text, .journald: self.init(TextLog(file: file), level: level)
        }
        if resolved == .journald, !JournalLog.isReachable {
            write(Self.record(.warning, "log.format is journald, but no journal runs here; logging as text"))
        }
    }

    init(_ destination: any LogDestination, level: Logger.Level, maximumWaiting: Int = LogOutput.maximumWaiting) {
        minimumLevel = MinimumLevel(level)
        writer = LogWriter(destination, maximumWaiting: maximumWaiting)
        writer.start()
    }

    deinit { writer.close() }

    /// Waits until everything logged so far is written; false when that takes longer than `limit`.
    ///
    /// Blocks its thread: for the end of the process only.
    @discardableResult
    public func flush(within limit: Duration = .seconds(2)) -> Bool {
        writer.flush(within: limit)
    }

    /// Records dropped since the start, because whoever reads the log was too slow.
    public var dropped: UInt64 { writer.dropped }

    func write(_ record: LogRecord) { writer.add(record) }

    static func record(_ level: Logger.Level, _ message: String) -> LogRecord {
        LogRecord(time: SystemWallClock().now(), level: level, label: ProgramName.identifier, message: message)
    }
}
