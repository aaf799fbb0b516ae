internal import Authentication
internal import FoundationEssentials

/// Gathers what the audit line of one grant says.
struct GrantRecord {
    private let grant: Grant
    private let context: RequestContext
    private let username: String?
    private let sourceNames: [SourceID: String]
    private(set) var client: String?
    /// What a stranger sends may be as long as a request.
    private static let longestName = 256
    /// Let in while the source could not be asked.
    private static let offline = "offline"
    /// Let in with a proof in place of a password.
    private static let ticket = "ticket"

    init(grant: Grant, context: RequestContext, username: String?, sourceNames: [SourceID: String]) {
        self.grant = grant
        self.context = context
        self.username = username.map { String($0.prefix(Self.longestName)) }
        self.sourceNames = sourceNames
    }

    /// Notes the client as named, later as proved.
    mutating func note(client: String?) {
        self.client = client.map { String($0.prefix(Self.longestName)) }
    }

    func accepted(_ issued: IssuedToken, duration: Duration) -> AuditEvent {
        var event = event(grant == .refreshToken ? .refresh : .login, duration)
        if let session = issued.session {
            describe(session.identity, session, &event)
            event.detail = session.identity.notice
            if session.identity.isOffline { event.reason = Self.offline }
            if issued.isSignOn { event.reason = Self.ticket }
        }
        return event
    }

    /// A password that was right, and opened no session; no token was made, so there is no grant to count.
    func proved(_ person: ProvedPerson, duration: Duration) -> AuditEvent {
        var event = event(.login, duration)
        event.grant = nil
        describe(person.identity, nil, &event)
        if person.identity.isOffline { event.reason = Self.offline }
        event.userID = person.userID
        return event
    }

    /// Nil for what is no refusal, and for one that was told already: of all attempts during one wait only the first is.
    func refused(_ refusal: Refusal, duration: Duration) -> AuditEvent? {
        guard refusal.isAudited else { return nil }
        if let wait = refusal.wait, !wait.isFirst { return nil }
        let refused: AuditEvent.Kind = grant == .refreshToken ? .refreshRefused : .loginRefused
        var event = event(refusal.wait == nil ? refused : .throttle, duration)
        event.user = username ?? refusal.username.map { String($0.prefix(Self.longestName)) }
        event.source = GrantTools.names(of: refusal.sources, in: sourceNames)
        if let identity = refusal.identity { describe(identity, refusal.session, &event) }
        event.userID = event.userID ?? refusal.userID
        event.reason = refusal.reason
        event.detail = refusal.detail
        event.host = refusal.host ?? event.host
        return event
    }

    private func event(_ kind: AuditEvent.Kind, _ duration: Duration) -> AuditEvent {
        var event = AuditEvent(kind)
        event.client = client
        event.grant = grant.rawValue
        event.address = context.address
        event.requestID = context.requestID
        event.duration = duration
        return event
    }

    private func describe(_ identity: Identity, _ session: Session?, _ event: inout AuditEvent) {
        event.user = identity.username
        event.source = identity.sourceName
        event.host = identity.host
        event.userID = session?.userID
        event.session = session?.id.text
    }
}
