import Authentication
import Synchronization

/// Answers what the test says, and remembers what it was asked.
final class ScriptedAuthenticator: Authenticating {
    private struct State {
        var result: AuthenticationResult
        var recheck: RecheckResult?
        var requests: [AuthenticationRequest] = []
        var rechecks = 0
        var isHeld = false
        var signOn: SignOnResult?
        var change: PasswordChangeResult?
        var changes: [PasswordChangeRequest] = []
        var signOns: [SignOnRequest] = []
        var wait: ThrottleWait?
        var onRecheck: @Sendable () -> Void = {}
    }

    private let state: Mutex<State>
    let directories: [SourceID]

    init(_ identity: Identity, directories: [SourceID] = [SourceID(1), SourceID(2)]) {
        state = Mutex(State(result: .authenticated(identity)))
        self.directories = directories
    }

    var result: AuthenticationResult {
        get { state.withLock { $0.result } }
        set { state.withLock { $0.result = newValue } }
    }

    /// Nil: current, as authenticated.
    var recheckResult: RecheckResult? {
        get { state.withLock { $0.recheck } }
        set { state.withLock { $0.recheck = newValue } }
    }

    var requests: [AuthenticationRequest] { state.withLock { $0.requests } }
    var recheckCount: Int { state.withLock { $0.rechecks } }

    /// What happens while somebody is looked at again.
    func onRecheck(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onRecheck = body } }

    /// While true, nobody is answered.
    var isHeld: Bool {
        get { state.withLock { $0.isHeld } }
        set { state.withLock { $0.isHeld = newValue } }
    }

    func authenticate(_ request: AuthenticationRequest) async -> AuthenticationResult {
        state.withLock { $0.requests.append(request) }
        while isHeld { try? await Task.sleep(for: .milliseconds(2)) }
        return result
    }

    func recheck(_ key: IdentityKey, username: String, locator: String?, credentialState: String?) async
        -> RecheckResult
    {
        await Task.yield()
        state.withLock { $0.onRecheck }()
        return state.withLock { state in
            state.rechecks += 1
            if let recheck = state.recheck { return recheck }
            guard case .authenticated(let identity) = state.result else { return .impossible }
            return .current(identity)
        }
    }

    /// Nil: as `result` says.
    var changeResult: PasswordChangeResult? {
        get { state.withLock { $0.change } }
        set { state.withLock { $0.change = newValue } }
    }

    var changes: [PasswordChangeRequest] { state.withLock { $0.changes } }

    func changePassword(_ request: PasswordChangeRequest) async -> PasswordChangeResult {
        state.withLock { state in
            state.changes.append(request)
            if let change = state.change { return change }
            return switch state.result {
            case .authenticated(let identity): .changed(identity)
            case .rejected(let rejection): .rejected(rejection)
            case .unavailable(let outage): .unavailable(outage)
            }
        }
    }

    /// Who waits for what was guessed before; nil: nobody.
    var wait: ThrottleWait? {
        get { state.withLock { $0.wait } }
        set { state.withLock { $0.wait = newValue } }
    }

    func wait(of request: AuthenticationRequest, for person: IdentityKey) -> ThrottleWait? { wait }

    /// Nil: proofs are not accepted.
    var signOnResult: SignOnResult? {
        get { state.withLock { $0.signOn } }
        set { state.withLock { $0.signOn = newValue } }
    }

    var signOns: [SignOnRequest] { state.withLock { $0.signOns } }

    var offersSignOn: Bool { signOnResult != nil }

    func signOn(_ request: SignOnRequest) async -> SignOnResult {
        state.withLock { state in
            state.signOns.append(request)
            return state.signOn ?? .refused(SignOnRefusal(reason: "not-configured", detail: ""))
        }
    }

    func isKnown(_ directory: SourceID, sources: [SourceID]) -> Bool {
        directories.contains(directory) && (sources.isEmpty || sources.contains(directory))
    }
}
