/// A record in the form of its destination.
struct LogEntry: Sendable {
    /// A whole line with its line end, or the journal's fields one after the other.
    var bytes: [UInt8] = []

    /// Where each of the journal's fields ends in `bytes`.
    var ends: [Int] = []
}

/// Where records go, and in which form.
protocol LogDestination: Sendable {
    /// The record's form; called on the thread that logs.
    func encode(_ record: LogRecord) -> LogEntry

    /// Writes; may block, called on the writer's thread only.
    func write(_ entries: [LogEntry])
}
