/// One line of the audit log: who, where, from, outcome, reason. Never a secret.
public struct AuditEvent: Sendable {
    /// What happened.
    public enum Kind: String, Sendable, CaseIterable {
        case login
        case loginRefused = "login.refused"
        case refresh
        case refreshRefused = "refresh.refused"
        case revoke
        case logout
        case password
        case throttle
        /// By a command, not by a request.
        case administration = "admin"
    }

    /// What happened.
    public var kind: Kind

    /// The canonical name, or the name as typed when nobody was found.
    public var user: String?

    /// The userId, once known.
    public var userID: Int32?

    /// The name of the source.
    public var source: String?

    /// The client id.
    public var client: String?

    /// The grant_type, for counting tokens; nil when none was asked for. No field of the audit line.
    public var grant: String?

    /// The caller's address.
    public var address: String?

    /// Why it was refused.
    public var reason: String?

    /// For the operator: what the server said, or warned of.
    public var detail: String?

    /// The directory host that answered.
    public var host: String?

    /// The session's UUID.
    public var session: String?

    /// How long it took.
    public var duration: Duration?

    /// The request's id, as in `X-Request-Id`.
    public var requestID: String?

    /// An event of that kind; fill in what is known.
    public init(_ kind: Kind) {
        self.kind = kind
    }
}

/// Takes audit events; must not block and must not fail.
public protocol AuditSink: Sendable {
    /// Writes one line.
    func record(_ event: AuditEvent)
}

/// Drops every event, for tests and for `log.audit = false`.
public struct NoAudit: AuditSink {
    /// A sink without a bottom.
    public init() {}

    /// Does nothing.
    public func record(_ event: AuditEvent) {}
}
