import Authentication
import DirectoryAuth
import Synchronization

/// Notes which sources a login asked, how long each step took and what each said, while it takes its usual way.
final class LoginTrace: Sendable {
    /// One source that was asked.
    struct Asked: Sendable {
        var source: SourceID
        var name: String
        var result: AuthenticationResult
        var duration: Duration
        var phases: [LoginPhase: Duration]
    }

    private let asked = Mutex<[Asked]>([])
    private let times = Mutex<[String: [LoginPhase: Duration]]>([:])

    /// In the order in which they were asked.
    var sources: [Asked] {
        asked.withLock { $0 }.map { asked in
            var asked = asked
            asked.phases = times.withLock { $0[asked.name] } ?? [:]
            return asked
        }
    }

    /// Takes the times of one directory.
    func phases(of directory: String) -> any PhaseSink { Sink(trace: self, directory: directory) }

    fileprivate func note(
        _ source: any IdentitySource,
        _ result: AuthenticationResult,
        since start: ContinuousClock.Instant
    ) {
        let duration = ContinuousClock.now - start
        asked.withLock {
            $0.append(Asked(source: source.id, name: source.name, result: result, duration: duration, phases: [:]))
        }
    }

    private struct Sink: PhaseSink {
        let trace: LoginTrace
        let directory: String

        func record(_ phase: LoginPhase, _ duration: Duration) {
            trace.times.withLock { $0[directory, default: [:]][phase, default: .zero] += duration }
        }
    }
}

/// A source that is watched.
struct TracedSource: IdentitySource {
    let source: any IdentitySource
    let trace: LoginTrace

    var id: SourceID { source.id }
    var name: String { source.name }

    func authenticate(
        _ username: String,
        password: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> AuthenticationResult {
        let start = ContinuousClock.now
        let result = await source.authenticate(username, password: password, deadline: deadline, gate: gate)
        trace.note(source, result, since: start)
        return result
    }

    func recheck(
        _ key: IdentityKey,
        username: String,
        locator: String?,
        credentialState: String?,
        deadline: ContinuousClock.Instant
    ) async -> RecheckResult {
        await source.recheck(
            key,
            username: username,
            locator: locator,
            credentialState: credentialState,
            deadline: deadline
        )
    }

    func changePassword(
        of account: SourceAccount,
        from old: Password,
        to new: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> PasswordChangeResult {
        await source.changePassword(of: account, from: old, to: new, deadline: deadline, gate: gate)
    }
}

/// A directory that is watched.
struct TracedDirectory: DirectorySource {
    private let directory: any DirectorySource
    private let traced: TracedSource

    init(_ directory: any DirectorySource, trace: LoginTrace) {
        self.directory = directory
        traced = TracedSource(source: directory, trace: trace)
    }

    var id: SourceID { directory.id }
    var name: String { directory.name }
    var domains: [String] { directory.domains }
    var isActiveDirectory: Bool { directory.isActiveDirectory }

    func authenticate(
        _ username: String,
        password: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> AuthenticationResult {
        await traced.authenticate(username, password: password, deadline: deadline, gate: gate)
    }

    func recheck(
        _ key: IdentityKey,
        username: String,
        locator: String?,
        credentialState: String?,
        deadline: ContinuousClock.Instant
    ) async -> RecheckResult {
        await traced.recheck(
            key,
            username: username,
            locator: locator,
            credentialState: credentialState,
            deadline: deadline
        )
    }

    func changePassword(
        of account: SourceAccount,
        from old: Password,
        to new: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> PasswordChangeResult {
        await traced.changePassword(of: account, from: old, to: new, deadline: deadline, gate: gate)
    }

    func authenticate(_ principal: SignOnPrincipal, deadline: ContinuousClock.Instant) async -> AuthenticationResult {
        await directory.authenticate(principal, deadline: deadline)
    }
}
