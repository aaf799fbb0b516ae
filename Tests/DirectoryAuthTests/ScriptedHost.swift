import Authentication
import LDAPClient
import Synchronization

@testable import DirectoryAuth

/// A host that answers from a script, for what no real server does on demand: losing a connection before or after a bind
/// was written, answering 51.
final class ScriptedHost: DirectoryHost {
    /// An answer; the last one of a list is given again and again.
    enum Answer: Sendable {
        case entries([LDAPEntry])
        case bind(Int32)
        /// A bind refused with words.
        case refusal(Int32, String)
        case failure(LDAPError)
    }

    let settings: LDAPHostSettings
    private let name: String
    private let state: Mutex<(searches: [Answer], binds: [Answer], requests: [SearchRequest], bound: [String])>
    private let probing: Mutex<(answer: LDAPError?, count: Int)> = Mutex((nil, 0))
    private let calls = Mutex<[String]>([])
    private let root = Mutex(RootDSE(entry: LDAPEntry(dn: "", attributes: [])))

    convenience init(_ name: String, searches: [Answer] = [.entries([])], binds: [Answer] = [.bind(0)]) {
        let settings = LDAPHostSettings(url: LDAPURL(scheme: .ldaps, host: name, port: 636))
        self.init(settings: settings, searches: searches, binds: binds)
    }

    init(settings: LDAPHostSettings, searches: [Answer] = [.entries([])], binds: [Answer] = [.bind(0)]) {
        name = settings.url.host
        self.settings = settings
        state = Mutex((searches, binds, [], []))
    }

    /// DNs of the binds asked for, in order.
    var bound: [String] { state.withLock { $0.bound } }
    /// Searches asked for, in order.
    var requests: [SearchRequest] { state.withLock { $0.requests } }

    func search(_ request: SearchRequest, deadline: ContinuousClock.Instant) async throws(LDAPError) -> SearchResult {
        let answer = state.withLock { state in
            state.requests.append(request)
            return state.searches.count > 1 ? state.searches.removeFirst() : state.searches.first
        }
        switch answer {
        case .entries(let entries): return SearchResult(entries: entries)
        case .failure(let error): throw error
        default: throw LDAPError(.invalidArgument, "no search was expected")
        }
    }

    func bind(
        dn: String,
        password: Password,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> BindResponse {
        let answer = state.withLock { state in
            state.bound.append(dn)
            return state.binds.count > 1 ? state.binds.removeFirst() : state.binds.first
        }
        func response(_ code: Int32, _ text: String = "") -> BindResponse {
            BindResponse(
                resultCode: LDAPResultCode(rawValue: code),
                diagnosticMessage: text,
                controls: [],
                host: name
            )
        }
        switch answer {
        case .bind(let code): return response(code)
        case .refusal(let code, let text): return response(code, text)
        case .failure(let error): throw error
        default: throw LDAPError(.invalidArgument, "no bind was expected")
        }
    }

    func change(_ change: LDAPChange, deadline: ContinuousClock.Instant) async throws(LDAPError) -> ChangeResponse {
        throw LDAPError(.invalidArgument, "no change was expected")
    }

    func withBindConnection<Value: Sendable>(
        deadline: ContinuousClock.Instant,
        _ body: (any LDAPBindLease) async throws(LDAPError) -> Value
    ) async throws(LDAPError) -> Value {
        try await body(Lease(host: self))
    }

    func rootDSE(deadline: ContinuousClock.Instant) async throws(LDAPError) -> RootDSE {
        root.withLock { $0 }
    }

    /// What the root DSE says.
    func answerRootDSE(with attributes: [String: String]) {
        let listed = attributes.map { (name: $0.key, values: [Array($0.value.utf8)]) }
        root.withLock { $0 = RootDSE(entry: LDAPEntry(dn: "", attributes: listed)) }
    }

    /// How often it was probed.
    var probes: Int { probing.withLock { $0.count } }
    /// What else it was told, in order.
    var told: [String] { calls.withLock { $0 } }

    /// What the next probes say; nil for an answer.
    func answerProbes(with error: LDAPError?) { probing.withLock { $0.answer = error } }

    /// What the next searches say.
    func answerSearches(with answers: [Answer]) { state.withLock { $0.searches = answers } }

    func probe(deadline: ContinuousClock.Instant) async throws(LDAPError) {
        let error = probing.withLock { probing in
            probing.count += 1
            return probing.answer
        }
        if let error { throw error }
    }

    func giveUp(_ why: String) async { calls.withLock { $0.append("give up") } }

    func startAfresh() async { calls.withLock { $0.append("start afresh") } }

    func renewService() async throws(LDAPError) { calls.withLock { $0.append("renew") } }

    func servicePasswords(deadline: ContinuousClock.Instant) async -> Int? { nil }

    func connectSteps(deadline: ContinuousClock.Instant) async -> [DirectoryProbe.Step] { [] }

    func shutdown() async { calls.withLock { $0.append("shut down") } }

    private struct Lease: LDAPBindLease {
        let host: ScriptedHost

        func simpleBind(
            dn: String,
            password: some LDAPCredential,
            controls: [LDAPControl],
            deadline: ContinuousClock.Instant
        ) async throws(LDAPError) -> BindResponse {
            try await host.bind(dn: dn, password: Password("x"), deadline: deadline)
        }

        func search(_ request: SearchRequest, deadline: ContinuousClock.Instant) async throws(LDAPError) -> SearchResult
        {
            try await host.search(request, deadline: deadline)
        }

        func change(
            _ change: LDAPChange,
            controls: [LDAPControl],
            deadline: ContinuousClock.Instant
        ) async throws(LDAPError) -> ChangeResponse {
            try await host.change(change, deadline: deadline)
        }
    }
}
