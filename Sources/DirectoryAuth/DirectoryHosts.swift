internal import Authentication
internal import LDAPClient

/// The hosts of one directory, asked in order of preference by the one-bind rule (design decision 3).
///
/// A search may be asked of the next host whenever this one is at fault. A bind goes to the next host only when it was
/// certainly not written, or the server said 51 or 52; everything else is final.
struct DirectoryHosts: DirectorySearching {
    /// What came of a bind, or of a change.
    enum Outcome<Response: Sendable, Value: Sendable>: Sendable {
        case answered(Response, Value)
        /// Nobody could say; the sentence is for the operator.
        case unavailable(String)
    }

    let keeper: HostKeeper

    init(_ keeper: HostKeeper) {
        self.keeper = keeper
    }

    var roster: HostRoster { keeper.roster }

    func search(_ request: SearchRequest, deadline: ContinuousClock.Instant) async throws(LDAPError) -> SearchResult {
        await keeper.awaitHosts()
        let candidates = roster.candidates(asService: true)
        var failure: LDAPError?
        for (position, candidate) in candidates.enumerated() {
            let start = ContinuousClock.now
            // A host that is silent must leave time for those behind it.
            let share = (deadline - start) / min(candidates.count - position, 2)
            let patience = min(share, candidate.host.settings.operationTimeout)
            guard share > .zero else { throw failure ?? LDAPError(.timeout, "no time was left for a search") }
            do throws(LDAPError) {
                let result = try await candidate.host.search(request, deadline: start + patience)
                roster.answered(candidate.id, asService: true)
                return result
            } catch {
                failure = error
                note(error, candidate, asService: true, begun: start)
                guard error.isFaultOfHost, !Task.isCancelled else { throw error }
            }
        }
        throw failure ?? LDAPError(.connect, keeper.whyNobody)
    }

    /// One user bind on a lent connection.
    func bind(dn: String, password: Password, deadline: ContinuousClock.Instant) async -> Outcome<BindResponse, Void> {
        await firstAnswer(deadline) { (host, deadline) throws(LDAPError) in
            (try await host.bind(dn: dn, password: password, deadline: deadline), ())
        }
    }

    /// One user bind, and what the person does on the same connection before it is given back. `body` runs whatever the
    /// answer was; its failures are its own and never lead to a second bind.
    func bind<Value: Sendable>(
        dn: String,
        password: Password,
        deadline: ContinuousClock.Instant,
        _ body: @Sendable (BindResponse, any LDAPBindLease) async -> Value
    ) async -> Outcome<BindResponse, Value> {
        await firstAnswer(deadline) { (host, deadline) throws(LDAPError) in
            try await host.withBindConnection(deadline: deadline) { (lease) throws(LDAPError) in
                let response = try await lease.simpleBind(
                    dn: dn,
                    password: password,
                    controls: [.passwordPolicyRequest],
                    deadline: deadline
                )
                return (response, await body(response, lease))
            }
        }
    }

    /// One change as the service account, by the same rule: what was written is never written again elsewhere.
    func change(_ change: LDAPChange, deadline: ContinuousClock.Instant) async -> Outcome<ChangeResponse, Void> {
        await firstAnswer(asService: true, deadline) { (host, deadline) throws(LDAPError) in
            (try await host.change(change, deadline: deadline), ())
        }
    }

    private func firstAnswer<Response: DirectoryResponse, Value: Sendable>(
        asService: Bool = false,
        _ deadline: ContinuousClock.Instant,
        _ ask: (any DirectoryHost, ContinuousClock.Instant) async throws(LDAPError) -> (Response, Value)
    ) async -> Outcome<Response, Value> {
        await keeper.awaitHosts()
        var why: String?
        for candidate in roster.candidates(asService: asService) {
            let host = candidate.host
            let start = ContinuousClock.now
            guard start < deadline else {
                return .unavailable("no time was left for the bind" + (why.map { "; \($0)" } ?? ""))
            }
            let patience = host.settings.connectTimeout + host.settings.operationTimeout
            do throws(LDAPError) {
                let (response, value) = try await ask(host, min(deadline, start + patience))
                guard response.resultCode == .busy || response.resultCode == .unavailable else {
                    roster.answered(candidate.id, asService: asService)
                    return .answered(response, value)
                }
                let said = "\(response.host): result \(response.resultCode)"
                why = said
                failed(candidate, said, asService: asService, begun: start)
            } catch {
                why = error.message
                note(error, candidate, asService: asService, begun: start)
                // Nobody knows what became of a bind that was written: it may have counted as a failure already.
                guard !error.requestWasWritten, error.isFaultOfHost, !Task.isCancelled else {
                    return .unavailable(error.message)
                }
            }
        }
        return .unavailable(why ?? keeper.whyNobody)
    }

    private func failed(
        _ candidate: HostRoster.Candidate,
        _ why: String,
        asService: Bool,
        begun: ContinuousClock.Instant
    ) {
        keeper.tell(roster.failed(candidate.id, why, asService: asService, begun: begun), candidate.host, why)
    }

    private func note(
        _ error: LDAPError,
        _ candidate: HostRoster.Candidate,
        asService: Bool,
        begun: ContinuousClock.Instant
    ) {
        if error.code == .result, !error.isFaultOfHost {
            // It said no to a search, but it said something.
            roster.answered(candidate.id, asService: true)
        } else if error.code == .serviceBind, error.resultCode == nil || error.refusesService {
            // The host is well; the account is not.
            roster.refusedService(candidate.id, error.message)
        } else if error.blamesHost(
            waited: ContinuousClock.now - begun,
            patience: candidate.host.settings.operationTimeout
        ) {
            failed(candidate, error.message, asService: asService, begun: begun)
        }
    }
}

/// What the rule needs of an answer.
protocol DirectoryResponse: Sendable {
    var resultCode: LDAPResultCode { get }
    var diagnosticMessage: String { get }
    var passwordPolicy: PasswordPolicyControl? { get }
    var host: String { get }
}

extension DirectoryResponse {
    /// The server's words, for the audit line.
    var said: String {
        var said = "result \(resultCode)"
        if let fault = passwordPolicy?.error { said += ", password policy: \(fault)" }
        if passwordPolicy?.isNetscapeExpired == true { said += ", password expired control" }
        let text = UsernameFolding.trimmingBlanks(String(diagnosticMessage.prefix(300)))
        return text.isEmpty ? said : said + ", “\(LogText.escaped(text))”"
    }
}

extension BindResponse: DirectoryResponse {}
extension ChangeResponse: DirectoryResponse {}

extension LDAPError {
    /// Another host may do better.
    var isFaultOfHost: Bool {
        switch code {
        case .nameResolution, .connect, .tls, .connectionLost, .timeout, .serviceBind, .overloaded: true
        // busy, unavailable and "other", which servers say when something inside them broke
        case .result: [51, 52, 80].contains(resultCode?.rawValue)
        default: false
        }
    }

    /// The server looked at the service account and said no; the codes left out are the server's own trouble.
    var refusesService: Bool {
        guard code == .serviceBind, let resultCode else { return false }
        return !resultCode.isServerTrouble
    }

    /// The host shall be asked after the others for a while. Being too busy ourselves, or having had no time to wait, says
    /// nothing of it.
    func blamesHost(waited: Duration, patience: Duration) -> Bool {
        switch code {
        case .overloaded: false
        case .timeout: waited >= min(patience, .seconds(1))
        default: isFaultOfHost
        }
    }
}
