import Authentication
import Synchronization

/// A directory that does as it is told: answers per name, outages, and silence, which no real server does on demand.
final class ScriptedSource: DirectorySource {
    enum Answer: Sendable {
        case letsIn(String)
        case refuses(Rejection.Reason, proved: Bool = false)
        case isDown
        case isSilent
    }

    let id: SourceID
    let name: String
    let domains: [String]
    let isActiveDirectory: Bool
    private let answers: [String: Answer]
    private let otherwise: Answer
    private let slowness: Duration
    private let asked = Mutex<[String]>([])

    init(
        _ id: Int32,
        domains: [String] = [],
        isActiveDirectory: Bool = false,
        _ answers: [String: Answer] = [:],
        otherwise: Answer = .refuses(.unknownUser),
        slowness: Duration = .zero
    ) {
        self.slowness = slowness
        self.id = SourceID(id)
        name = id == 0 ? "local" : "dir\(id)"
        self.domains = domains
        self.isActiveDirectory = isActiveDirectory
        self.answers = answers
        self.otherwise = otherwise
    }

    /// The passwords it was shown.
    var passwords: [String] { asked.withLock { $0 } }

    func authenticate(
        _ username: String,
        password: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> AuthenticationResult {
        let key = IdentityKey(source: id, stableID: username)
        if case .letsIn = answers[username] ?? otherwise, let answer = await gate.answer(insteadOf: key) {
            return answer
        }
        let text = password.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        asked.withLock { $0.append("\(username)/\(text)") }
        // Cut short by a cancellation, as a bind is.
        if slowness > .zero, (try? await Task.sleep(for: slowness)) == nil {
            return .unavailable(Outage(sources: [id], detail: "\(name): cancelled"))
        }
        switch answers[username] ?? otherwise {
        case .letsIn(let right):
            guard text == right else { return .rejected(Rejection(.wrongPassword, source: id, key: key)) }
            return .authenticated(identity(username))
        case .refuses(let reason, let proved):
            return .rejected(Rejection(reason, source: id, passwordProved: proved))
        case .isDown:
            return .unavailable(Outage(sources: [id], detail: "\(name): refused", retryAfter: Int(id.rawValue) + 1))
        case .isSilent:
            await Self.sleepThroughEverything()
            return .authenticated(identity(username))
        }
    }

    func authenticate(
        _ principal: SignOnPrincipal,
        deadline: ContinuousClock.Instant
    ) async -> AuthenticationResult {
        asked.withLock { $0.append("\(principal)") }
        switch answers[principal.name] ?? otherwise {
        case .letsIn: return .authenticated(identity(principal.name))
        case .refuses(let reason, let proved):
            return .rejected(Rejection(reason, source: id, passwordProved: proved))
        case .isDown: return .unavailable(Outage(sources: [id], detail: "\(name): refused"))
        case .isSilent:
            await Self.sleepThroughEverything()
            return .authenticated(identity(principal.name))
        }
    }

    func changePassword(
        of account: SourceAccount,
        from old: Password,
        to new: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> PasswordChangeResult {
        let name =
            switch account {
            case .named(let name): name
            case .known(let key, _): key.stableID
            }
        switch await authenticate(name, password: old, deadline: deadline, gate: gate) {
        case .authenticated(let identity): return .changed(identity)
        case .rejected(let rejection): return .rejected(rejection)
        case .unavailable(let outage): return .unavailable(outage)
        }
    }

    func recheck(
        _ key: IdentityKey,
        username: String,
        locator: String?,
        credentialState: String?,
        deadline: ContinuousClock.Instant
    ) async -> RecheckResult {
        if case .isSilent = otherwise { await Self.sleepThroughEverything() }
        return .current(identity(key.stableID))
    }

    private func identity(_ name: String) -> Identity {
        Identity(key: IdentityKey(source: id, stableID: name), sourceName: self.name, username: name)
    }

    /// A minute that neither a deadline nor a cancellation cuts short.
    private static func sleepThroughEverything() async {
        await Task.detached { try? await Task.sleep(for: .seconds(60)) }.value
    }
}
