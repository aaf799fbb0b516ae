/// Authentication: who is who, and what a refusal or an outage of one source means for the next.
///
/// This room owns the result type, the sources' protocol, the order of sources and the rules of fallback, local accounts
/// and their hashes, passwords, and the forms in which names are compared. It knows no HTTP, no SQL and no LDAP: a
/// directory is an `IdentitySource` (DirectoryAuth), accounts are kept by an `AccountStore` (Storage), hashes run on a
/// `WorkPool` (EventPoller's, handed in by the program). Tokens asks it at every login and every refresh.
public struct Authenticator: Authenticating {
    let settings: AuthenticationSettings
    let directories: [AuthenticationPlan.Directory]
    let sources: [SourceID: any IdentitySource]
    let directorySources: [any DirectorySource]
    let signOn: (any SignOnVerifying)?
    let watch = DeadlineWatch()
    let throttle: Throttle?
    private let pacing = RefusalPacing()

    /// A whole set of rules and sources, never changed: a reload makes another and swaps it in.
    ///
    /// - Parameters:
    ///   - local: the local accounts.
    ///   - directories: in the order of the configuration; of two with the same id the first counts.
    ///   - throttle: stands in front of the sources; nil lets everybody try, as a command does.
    ///   - signOn: judges proofs other than passwords; nil when none are accepted.
    public init(
        settings: AuthenticationSettings,
        local: any IdentitySource,
        directories: [any DirectorySource] = [],
        throttle: Throttle? = nil,
        signOn: (any SignOnVerifying)? = nil
    ) {
        self.settings = settings
        self.throttle = throttle
        self.signOn = signOn
        directorySources = directories
        self.directories = directories.map {
            AuthenticationPlan.Directory(id: $0.id, domains: $0.domains, isActiveDirectory: $0.isActiveDirectory)
        }
        let all: [any IdentitySource] = directories + [local]
        sources = Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Asks the sources one after the other, within the login budget, unless the throttle stands against it.
    ///
    /// A refusal is answered no sooner than others like it.
    public func authenticate(_ request: AuthenticationRequest) async -> AuthenticationResult {
        // RFC 4513 §5.1.2: a simple bind with an empty password succeeds without proving anything.
        guard !request.password.isEmpty else { return .rejected(Rejection(.emptyPassword)) }
        let name = LoginName(request.username)
        guard !name.text.isEmpty else { return .rejected(Rejection(.unknownUser, detail: "no name was given")) }
        let plan = plan(request, name)
        let start = ContinuousClock.now
        let question = plan.sources
        guard let throttle else {
            let result = await run(plan, name, request, OpenGate(), start).result
            await pace(result, question, wasAsked: true, start)
            return result
        }
        let attempt = throttle.attempt(
            throttled(request, name, plan),
            deadline: start + settings.loginBudget
        )
        let early = await attempt.enter()
        // Not cancelled with its caller: who hangs up before the answer has made a guess all the same, and one more failure at
        // the directory.
        let verification = Task.onSameExecutor {
            let progress =
                if let early { AuthenticationProgress(early) } else {
                    await run(plan, name, request, attempt, start)
                }
            await attempt.settle(progress.result, progress.rejections)
            return progress.result
        }
        let result = await verification.value
        await pace(result, question, wasAsked: early == nil, start)
        return result
    }

    /// As the throttle would answer that request in place of the sources.
    public func wait(of request: AuthenticationRequest, for person: IdentityKey) -> ThrottleWait? {
        guard let throttle, throttle.mayWait else { return nil }
        let name = LoginName(request.username)
        return throttle.wait(of: throttled(request, name, plan(request, name)), for: person)
    }

    private func plan(_ request: AuthenticationRequest, _ name: LoginName) -> AuthenticationPlan {
        AuthenticationPlan(
            request.selection,
            name: name,
            sources: request.sources,
            directories: directories,
            settings: settings
        )
    }

    private func throttled(
        _ request: AuthenticationRequest,
        _ name: LoginName,
        _ plan: AuthenticationPlan
    ) -> ThrottledLogin {
        ThrottledLogin(
            sources: plan.sources,
            name: plan.choosesByDomain ? name.user : name.text,
            address: request.address,
            password: request.password
        )
    }

    func pace(
        _ result: AuthenticationResult,
        _ question: [SourceID],
        wasAsked: Bool,
        _ start: ContinuousClock.Instant
    ) async {
        // Whoever has to wait is told at once.
        guard case .rejected(let rejection) = result, rejection.wait == nil else { return }
        await pacing.pace(question, wasAsked ? RefusalTimes.Class(rejection.reason) : nil, since: start)
    }

    /// Asks the person's own source, within the login budget.
    public func recheck(_ key: IdentityKey, username: String, locator: String?, credentialState: String?) async
        -> RecheckResult
    {
        guard let source = sources[key.source] else {
            return .ended(Rejection(.unknownUser, source: key.source, key: key, detail: "the source was removed"))
        }
        let deadline = ContinuousClock.now + settings.loginBudget
        let answer = await watch.value(until: deadline) {
            await source.recheck(
                key,
                username: username,
                locator: locator,
                credentialState: credentialState,
                deadline: deadline
            )
        }
        return answer ?? .unavailable(Self.overdue(source))
    }

    /// Lets the throttle and the person's source forget the old password.
    public func passwordChanged(of person: IdentityKey) async {
        throttle?.passwordChanged(of: person)
        await sources[person.source]?.passwordChanged(of: person)
    }

    /// True for a configured directory that a client with these `sources` may use; with none it may use all.
    public func isKnown(_ directory: SourceID, sources: [SourceID]) -> Bool {
        directories.contains { $0.id == directory } && (sources.isEmpty || sources.contains(directory))
    }

    private func run(
        _ plan: AuthenticationPlan,
        _ name: LoginName,
        _ request: AuthenticationRequest,
        _ gate: any LoginGate,
        _ start: ContinuousClock.Instant
    ) async -> AuthenticationProgress {
        let (identity, progress) = await walk(plan, start) {
            (source, step, deadline) -> StepAnswer<Identity> in
            let username = step.isWithoutDomain ? name.user : request.username
            switch await source.authenticate(username, password: request.password, deadline: deadline, gate: gate) {
            case .authenticated(let identity): return .decided(identity)
            case .rejected(let rejection): return .rejected(rejection)
            case .unavailable(let outage): return .unavailable(outage)
            }
        }
        return identity.map { AuthenticationProgress(.authenticated($0)) } ?? progress
    }

    /// What one source says to a step of a plan.
    enum StepAnswer<Decision: Sendable>: Sendable {
        case decided(Decision)
        case rejected(Rejection)
        case unavailable(Outage)
    }

    /// Asks the sources of a plan one after the other, each until its deadline, by the rules of fallback.
    ///
    /// - Returns: what a source decided, nil when none did; and what those before it said.
    func walk<Decision: Sendable>(
        _ plan: AuthenticationPlan,
        _ start: ContinuousClock.Instant,
        _ ask:
            @escaping @Sendable (any IdentitySource, AuthenticationPlan.Step, ContinuousClock.Instant) async
            -> StepAnswer<Decision>
    ) async -> (Decision?, AuthenticationProgress) {
        var progress = AuthenticationProgress()
        let timetable = LoginTimetable(start: start, budget: settings.loginBudget)
        var position: Int? = plan.steps.isEmpty ? nil : 0
        while let index = position {
            let step = plan.steps[index]
            guard let source = sources[step.source] else { break }
            let deadline = timetable.deadline(of: index, in: plan, now: .now)
            let answer = await watch.value(until: deadline) { await ask(source, step, deadline) }
            switch answer ?? .unavailable(Self.overdue(source)) {
            case .decided(let decision): return (decision, progress)
            case .unavailable(let outage):
                progress.add(outage)
                position = step.afterOutage
            case .rejected(let rejection):
                progress.add(rejection)
                position = rejection.reason == .unknownUser ? step.afterUnknown : nil
            }
        }
        return (nil, progress)
    }

    static func overdue(_ source: any IdentitySource) -> Outage {
        Outage(sources: [source.id], detail: "\(source.name): no answer within the login budget")
    }
}
