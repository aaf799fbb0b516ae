import Authentication
import Synchronization

/// Keeps audit events for the test to look at.
final class AuditLog: AuditSink {
    private let kept = Mutex<[AuditEvent]>([])

    var events: [AuditEvent] { kept.withLock { $0 } }

    func record(_ event: AuditEvent) { kept.withLock { $0.append(event) } }
}
