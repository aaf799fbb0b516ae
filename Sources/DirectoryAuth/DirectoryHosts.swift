internal import Authentication
internal import LDAPClient
internal import Logging

/// The hosts of one directory, asked in order of preference by the one-bind rule (design decision 3).
///
/// A search may be asked of the next host whenever this one is at fault. A bind goes to the next host only when it was
/// certainly not written, or the server said 51 or 52; everything else is final.
struct DirectoryHosts: DirectorySearching {
    /// What came of a bind.
    enum BindOutcome<Value: Sendable>: Sendable {
        case answered(BindResponse, Value)
        /// Nobody could say; the sentence is for the operator.
        case unavailable(String)
    }

    let hosts: [any DirectoryHost]
    let order: HostOrder
    let logger: Logger

    init(_ hosts: [any DirectoryHost], logger: Logger) {
        self.hosts = hosts
        self.logger = logger
        order = HostOrder(count: hosts.count)
    }

    func search(_ request: SearchRequest, deadline: ContinuousClock.Instant) async throws(LDAPError) -> SearchResult {
        let candidates = order.candidates(asService: true)
        var failure = LDAPError(.serviceBind, order.lastError ?? "no host is configured")
        for (position, index) in candidates.enumerated() {
            let host = hosts[index]
            let start = ContinuousClock.now
            // A host that is silent must leave time for those behind it.
            let share = (deadline - start) / (candidates.count - position)
            let patience = min(share, host.settings.operationTimeout)
            guard share > .zero else { throw Self.overdue(failure, isFirst: position == 0) }
            do throws(LDAPError) {
                let result = try await host.search(request, deadline: start + patience)
                noteAnswer(index, asService: true)
                return result
            } catch {
                failure = error
                noteError(error, index, waited: ContinuousClock.now - start)
                guard error.isFaultOfHost, !Task.isCancelled else { throw error }
            }
        }
        throw failure
    }

    /// One user bind on a lent connection.
    func bind(dn: String, password: Password, deadline: ContinuousClock.Instant) async -> BindOutcome<Void> {
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
    ) async -> BindOutcome<Value> {
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

    private func firstAnswer<Value: Sendable>(
        _ deadline: ContinuousClock.Instant,
        _ ask: (any DirectoryHost, ContinuousClock.Instant) async throws(LDAPError) -> (BindResponse, Value)
    ) async -> BindOutcome<Value> {
        var why = "no host is configured"
        for index in order.candidates() {
            let host = hosts[index]
            let start = ContinuousClock.now
            guard start < deadline else { return .unavailable("no time was left for the bind; \(why)") }
            let patience = host.settings.connectTimeout + host.settings.operationTimeout
            do throws(LDAPError) {
                let (response, value) = try await ask(host, min(deadline, start + patience))
                guard response.resultCode == .busy || response.resultCode == .unavailable else {
                    noteAnswer(index)
                    return .answered(response, value)
                }
                why = "\(response.host): result \(response.resultCode) to a bind"
                noteFailure(index, why)
            } catch {
                why = error.message
                noteError(error, index, waited: ContinuousClock.now - start)
                // Nobody knows what became of a bind that was written: it may have counted as a failure already.
                guard !error.requestWasWritten, error.isFaultOfHost, !Task.isCancelled else {
                    return .unavailable(error.message)
                }
            }
        }
        return .unavailable(why)
    }

    private static func overdue(_ last: LDAPError, isFirst: Bool) -> LDAPError {
        isFirst ? LDAPError(.timeout, "no time was left for a search") : last
    }

    private func noteAnswer(_ index: Int, asService: Bool = false) {
        guard order.answered(index, asService: asService) == .cameUp else { return }
        logger.notice("directory host answers again", metadata: ["host": "\(hosts[index].settings.url)"])
    }

    private func noteFailure(_ index: Int, _ why: String, refusesService: Bool = false) {
        guard order.failed(index, why, refusesService: refusesService) == .wentDown else { return }
        logger.warning(
            "directory host does not answer",
            metadata: ["host": "\(hosts[index].settings.url)", "error": "\(why)"]
        )
    }

    private func noteError(_ error: LDAPError, _ index: Int, waited: Duration) {
        if error.code == .result, !error.isFaultOfHost {
            // It said no to a search, but it said something.
            noteAnswer(index, asService: true)
        } else if error.blamesHost(waited: waited, patience: hosts[index].settings.operationTimeout) {
            noteFailure(index, error.message, refusesService: error.refusesService)
        }
    }
}

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

    /// The server looked at the service account and said no; anything but 51, 52 and 80, which are the server's own trouble.
    var refusesService: Bool {
        guard code == .serviceBind, let resultCode else { return false }
        return ![51, 52, 80].contains(resultCode.rawValue)
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
