public import Authentication
internal import FoundationEssentials
public import Logging

/// POST /api/v1/auth/password, read but not judged.
public struct PasswordRequest: Sendable {
    /// The access token of `Authorization: Bearer`, if one was sent: then it says whose password it is.
    public var bearer: String?
    /// `username` as typed.
    public var username: String?
    /// `password`, the present one, as typed.
    public var password: Password?
    /// `new_password` as typed.
    public var newPassword: Password?
    /// `LDAPServerId`, 0 when absent.
    public var directory: Int32

    /// A request with nothing in it.
    public init(
        bearer: String? = nil,
        username: String? = nil,
        password: Password? = nil,
        newPassword: Password? = nil,
        directory: Int32 = 0
    ) {
        self.bearer = bearer
        self.username = username
        self.password = password
        self.newPassword = newPassword
        self.directory = directory
    }
}

/// What HTTPAPI asks of the rules for passwords. `PasswordService` is the real one.
public protocol PasswordChanging: Sendable {
    /// POST /api/v1/auth/password.
    func changePassword(_ request: PasswordRequest, context: RequestContext) async throws(TokenError)
}

/// Changes people's passwords at their own source, and ends what was begun with the old one.
///
/// The person's other sessions end; the one whose token was shown goes on. Every end of it, good or bad, is one audit line.
public struct PasswordService: PasswordChanging {
    /// Held as long as a change is under way: a reload closes a directory when nobody holds the service that asks it.
    private let tokens: TokenService
    private let endings: SessionEndings
    private let audit: any AuditSink

    private var tools: GrantTools { tokens.tools }

    /// A service beside `tokens`, for the same configuration.
    ///
    /// - Parameters:
    ///   - feed: asked after a change, so that this process knows the ended sessions at once.
    ///   - retries: the pauses before the store is asked again to end sessions, when it failed after a change.
    public init(
        _ tokens: TokenService,
        feed: ChangeFeed,
        audit: any AuditSink,
        logger: Logger,
        retries: [Duration]? = nil
    ) {
        self.tokens = tokens
        endings = SessionEndings(
            tools: tokens.tools,
            feed: feed,
            logger: logger,
            retries: retries ?? StoreRetries.pauses
        )
        self.audit = audit
    }

    /// Changes a password; returns when the new one works.
    ///
    /// Not cancelled with its caller: who hangs up has made a guess all the same, and sessions begun with an old password end
    /// whoever waits for the answer.
    public func changePassword(_ request: PasswordRequest, context: RequestContext) async throws(TokenError) {
        let work = Task { () -> Result<Void, TokenError> in
            do throws(TokenError) {
                return .success(try await changeToTheEnd(request, context))
            } catch {
                return .failure(error)
            }
        }
        try await work.value.get()
    }

    private func changeToTheEnd(_ request: PasswordRequest, _ context: RequestContext) async throws(TokenError) {
        let start = ContinuousClock.now
        // A token that is not live is no attempt at anybody's password.
        let claims: AccessTokenClaims? = if let token = request.bearer { try tools.liveClaims(token) } else { nil }
        let person: AccessTokenClaims.Person? = if let claims { try tools.person(claims) } else { nil }
        var event = AuditEvent(.password)
        event.address = context.address
        event.requestID = context.requestID
        event.client = claims?.clientID
        event.user = person?.username ?? request.username.map { String($0.prefix(256)) }
        event.userID = person?.userID
        event.session = person?.session.text
        do throws(Refusal) {
            let changed = try await change(request, claims, context)
            describe(changed, &event)
            if let failure = await endings.end(after: changed, but: person?.session) {
                // The new password is in force: to say otherwise would send its owner back to the old one.
                event.reason = "store"
                event.detail =
                    "changed, but the sessions begun with the old password have not ended yet: \(failure.detail)"
            }
        } catch {
            // Of all attempts during one wait only the first is told.
            if error.wait?.isFirst ?? true {
                describe(error, &event)
                event.duration = .now - start
                audit.record(event)
            }
            throw error.answer
        }
        event.duration = .now - start
        audit.record(event)
    }

    private func change(
        _ request: PasswordRequest,
        _ claims: AccessTokenClaims?,
        _ context: RequestContext
    ) async throws(Refusal) -> Identity {
        if claims == nil, request.username?.isEmpty ?? true { throw Refusal(.missing("username")) }
        guard let old = request.password, !old.isEmpty else { throw Refusal(.missing("password")) }
        guard let new = request.newPassword, !new.isEmpty else { throw Refusal(.missing("new_password")) }
        let answer = await tools.authenticator.changePassword(
            PasswordChangeRequest(
                account: try await account(request, claims),
                old: old,
                new: new,
                address: context.address
            )
        )
        switch answer {
        case .changed(let identity): return identity
        case .rejected(let rejection): throw Refusal(rejection)
        case .refused(let reason): throw Refusal(reason)
        case .unavailable(let outage): throw Refusal(outage)
        }
    }

    private func account(
        _ request: PasswordRequest,
        _ claims: AccessTokenClaims?
    ) async throws(Refusal) -> PasswordChangeRequest.Account {
        if let claims, let person = claims.person {
            guard let key = IdentityKey(subject: claims.subject) else { throw Refusal(.bearerRefused) }
            let row = try await tools.ask { () throws(StoreError) in try await tools.sessions.session(person.session) }
            return .known(key, username: person.username, locator: row?.identity.locator)
        }
        let username = request.username ?? ""
        guard request.directory != 0 else { return .named(username, .unnamed) }
        let directory = SourceID(request.directory)
        guard request.directory > 0, tools.authenticator.isKnown(directory, sources: []) else {
            throw Refusal(.unknownDirectory)
        }
        return .named(username, .directory(directory))
    }

    private func describe(_ identity: Identity, _ event: inout AuditEvent) {
        event.user = identity.username
        event.source = identity.sourceName
        event.host = identity.host
    }

    private func describe(_ refusal: Refusal, _ event: inout AuditEvent) {
        if let identity = refusal.identity { describe(identity, &event) }
        if refusal.wait != nil { event.kind = .throttle }
        event.reason = refusal.reason
        event.detail = refusal.detail
        event.host = refusal.host ?? event.host
        if event.source == nil { event.source = GrantTools.names(of: refusal.sources, in: tools.sourceNames) }
    }
}

extension Refusal {
    /// A new password that will not do, in a sentence for whoever typed it.
    fileprivate init(_ refusal: PasswordRefusal) {
        self.init(
            TokenError(.invalidRequest, refusal.sentence),
            reason: refusal.reason.rawValue,
            detail: refusal.detail.isEmpty ? nil : refusal.detail
        )
        self.identity = refusal.identity
        self.host = refusal.host
    }
}
