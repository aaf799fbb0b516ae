public import Authentication
internal import Logging

/// Writes one record for every login, refusal, refresh, revocation: who, where, from, outcome, reason.
///
/// Its own switch (`log.audit`) decides, not `log.level`: an audit log with holes is none. What came about is `info`,
/// what was refused is `notice`. Never a secret: an event has no place for one.
public struct AuditLog: AuditSink {
    private let output: LogOutput

    /// Records into `output`. For `log.audit = false` use `NoAudit`.
    public init(_ output: LogOutput) {
        self.output = output
    }

    /// Writes one record; returns at once.
    public func record(_ event: AuditEvent) {
        output.write(Self.record(of: event, at: SystemWallClock().now()))
    }

    static func record(of event: AuditEvent, at time: Timestamp) -> LogRecord {
        var fields: [(name: String, value: LogRecord.Value)] = []
        fields.reserveCapacity(12)
        func add(_ name: String, _ text: String?) {
            if let text, !text.isEmpty { fields.append((name, .text(text))) }
        }
        add("event", event.kind.rawValue)
        add("user", event.user)
        if let number = event.userID { fields.append(("user_id", .number(Int64(number)))) }
        add("source", event.source)
        add("client", event.client)
        add("address", event.address)
        add("reason", event.reason)
        add("detail", event.detail)
        add("host", event.host)
        add("session", event.session)
        if let duration = event.duration { fields.append(("duration_ms", .number(duration.wholeMilliseconds))) }
        add("request_id", event.requestID)
        return LogRecord(
            time: time,
            level: event.isRefusal ? .notice : .info,
            label: "audit",
            message: event.sentence,
            fields: fields,
            messageID: event.kind.messageID
        )
    }
}
