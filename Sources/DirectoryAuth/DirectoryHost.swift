internal import Authentication
internal import LDAPClient

/// Who answers searches of a directory: its service connections, or a person on the own bind connection.
protocol DirectorySearching: Sendable {
    /// A complete answer, or an error; never half of one.
    func search(_ request: SearchRequest, deadline: ContinuousClock.Instant) async throws(LDAPError) -> SearchResult
}

/// What is needed of an `LDAPHost`. Tests of the one-bind rule put a scripted one in its place, because no real server
/// loses a connection at a chosen moment.
protocol DirectoryHost: DirectorySearching {
    var settings: LDAPHostSettings { get }

    func bind(
        dn: String,
        password: Password,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> BindResponse

    func withBindConnection<Value: Sendable>(
        deadline: ContinuousClock.Instant,
        _ body: (any LDAPBindLease) async throws(LDAPError) -> Value
    ) async throws(LDAPError) -> Value

    func rootDSE(deadline: ContinuousClock.Instant) async throws(LDAPError) -> RootDSE

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
            )
        }
        guard let failure = report.failure, steps.last?.verdict != .failed else { return steps }
        return steps + [
            DirectoryProbe.Step(
                host: settings.url.description,
                name: .connect,
                verdict: .failed,
                duration: .zero,
                message: failure.message,
                remedy: HostProbe.remedy(failure)
            )
        ]
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
