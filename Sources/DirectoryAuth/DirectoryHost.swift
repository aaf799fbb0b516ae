internal import Authentication
internal import LDAPClient

/// Who answers searches of a directory: its service connections, or a person on the own bind connection.
protocol DirectorySearching: Sendable {
    /// A complete answer, or an error; never half of one.
    func search(_ request: SearchRequest, deadline: ContinuousClock.Instant) async throws(LDAPError) -> SearchResult
}

/// What is needed of an `LDAPHost`. Tests of the one-bind rule put a scripted one in its place, because no real server
/// loses a connection at a chosen moment.
protocol DirectoryHost: AnyObject, DirectorySearching {
    var settings: LDAPHostSettings { get }

    func bind(
        dn: String,
        password: Password,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> BindResponse

    /// A change as the service account; written once at most.
    func change(_ change: LDAPChange, deadline: ContinuousClock.Instant) async throws(LDAPError) -> ChangeResponse

    func withBindConnection<Value: Sendable>(
        deadline: ContinuousClock.Instant,
        _ body: (any LDAPBindLease) async throws(LDAPError) -> Value
    ) async throws(LDAPError) -> Value

    func rootDSE(deadline: ContinuousClock.Instant) async throws(LDAPError) -> RootDSE

    /// Reads the root DSE on a fresh connection.
    func probe(deadline: ContinuousClock.Instant) async throws(LDAPError)

    /// Closes what is idle and sends those away who wait.
    func giveUp(_ why: String) async

    /// Lets nobody use the connections of before.
    func startAfresh() async

    /// Replaces the service connections by one made with the passwords as they are now.
    func renewService() async throws(LDAPError)

    /// A number that changes with the passwords of the service accounts.
    func servicePasswords(deadline: ContinuousClock.Instant) async -> Int?

    /// Connects once the way every login does; the last step failed when that did not succeed.
    func connectSteps(deadline: ContinuousClock.Instant) async -> [DirectoryProbe.Step]

    var statistics: LDAPHostStatistics { get async }

    func shutdown() async
}

extension DirectoryHost {
    /// None, for hosts that are no real ones.
    var statistics: LDAPHostStatistics { LDAPHostStatistics() }
}

extension LDAPHost: DirectoryHost {
    func bind(
        dn: String,
        password: Password,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> BindResponse {
        try await bind(dn: dn, password: password, controls: [.passwordPolicyRequest], deadline: deadline)
    }

    func change(_ change: LDAPChange, deadline: ContinuousClock.Instant) async throws(LDAPError) -> ChangeResponse {
        try await self.change(change, controls: [.passwordPolicyRequest], deadline: deadline)
    }

    func connectSteps(deadline: ContinuousClock.Instant) async -> [DirectoryProbe.Step] {
        let report = await connectReport(deadline: deadline)
        let steps = report.steps.enumerated().map { index, step in
            // The report as a whole may know more than the step: the cause of a failed handshake is found afterwards.
            let isLast = index == report.steps.count - 1
            let failure = isLast ? step.failure.map { report.failure ?? $0 } : step.failure
            // A service account that was refused is no failure while another one was accepted.
            let verdict: DirectoryProbe.Step.Verdict =
                failure == nil ? .passed : report.failure == nil ? .warning : .failed
            return DirectoryProbe.Step(
                host: settings.url.description,
                name: DirectoryProbe.Step.Name(step.kind),
                verdict: verdict,
                duration: step.duration,
                message: failure?.message ?? step.detail,
                remedy: failure.flatMap(HostProbe.remedy)
            ).with(report, step.kind)
        }
        guard let failure = report.failure, steps.last?.verdict != .failed else { return steps }
        return steps + [
            DirectoryProbe.Step(
                host: settings.url.description,
                // Connected, but the account that searches is not tried again yet.
                name: failure.code == .serviceBind ? .serviceBind : .connect,
                verdict: .failed,
                duration: .zero,
                message: failure.message,
                remedy: HostProbe.remedy(failure)
            )
        ]
    }
}

extension DirectoryProbe.Step {
    /// A certificate that ends sooner than this is worth a word.
    private static let notice: Int64 = 30 * 86_400

    /// The certificates, at the step that showed them; a warning when the server's own ends soon.
    fileprivate func with(
        _ report: LDAPConnectReport,
        _ kind: LDAPConnectReport.Step.Kind,
        now: Int64 = SystemWallClock().now().seconds
    ) -> DirectoryProbe.Step {
        guard kind == .tls else { return self }
        var step = self
        if let version = report.tlsVersion, verdict == .passed { step.message += ", \(version)" }
        step.details = report.chain.enumerated().map { index, certificate in
            let names = certificate.names.isEmpty ? "" : " for \(certificate.names.joined(separator: ", "))"
            return "certificate \(index + 1): \(certificate.subject)\(names), issued by \(certificate.issuer), "
                + "valid until \(certificate.notAfterDay)"
        }
        // An authority's that ends takes the server's with it.
        let ending = report.chain.enumerated().min { $0.element.notAfter < $1.element.notAfter }
        if verdict == .passed, let (index, first) = ending, first.notAfter - now < Self.notice {
            let days = max(0, (first.notAfter - now) / 86_400)
            let which = index == 0 ? "the certificate" : "certificate \(index + 1) of the chain"
            step.verdict = .warning
            step.message += "; \(which) ends on \(first.notAfterDay), in \(days) days"
            step.remedy = "renew it on the directory server before that day: no login gets through afterwards"
        }
        return step
    }
}

extension DirectoryProbe.Step.Name {
    fileprivate init(_ kind: LDAPConnectReport.Step.Kind) {
        self =
            switch kind {
            case .resolve: .resolve
            case .connect: .connect
            case .tls: .tls
            case .serviceBind: .serviceBind
            }
    }
}

/// Searches as the person bound on a lent connection.
struct LeaseSearcher: DirectorySearching {
    let lease: any LDAPBindLease

    func search(_ request: SearchRequest, deadline: ContinuousClock.Instant) async throws(LDAPError) -> SearchResult {
        try await lease.search(request, deadline: deadline)
    }
}
