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
        let texts = [
            ("event", event.kind.rawValue), ("user", event.user), ("user_id", nil), ("source", event.source),
            ("client", event.client), ("address", event.address), ("reason", event.reason), ("detail", event.detail),
            ("host", event.host), ("session", event.session), ("duration_ms", nil), ("request_id", event.requestID),
        ]
        let numbers = [
            "user_id": event.userID.map(Int64.init), "duration_ms": event.duration?.wholeMilliseconds,
        ]
        return LogRecord(
            time: time,
            level: event.isRefusal ? .notice : .info,
            label: "audit",
            message: event.sentence,
            fields: texts.compactMap { name, text in
                if let number = numbers[name] ?? nil { return (name, .number(number)) }
                guard let text, !text.isEmpty else { return nil }
                return (name, .text(text))
            },
            messageID: event.kind.messageID
        )
    }
}
