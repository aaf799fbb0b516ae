extension Authenticator {
    /// One change: what is asked for, and the steps that may be taken for it.
    private struct Change {
        let request: PasswordChangeRequest
        let plan: AuthenticationPlan
        let name: String
        /// Nil for a name as typed; otherwise whom the only step is about.
        let person: (key: IdentityKey, locator: String?)?
    }

    /// Changes a password at the person's own source, within the login budget. A name is looked for as a login looks for it.
    ///
    /// The old password is shown to the source in one bind, exactly as at a login; and like a login it meets the throttle, and
    /// is refused no sooner than one.
    public func changePassword(_ request: PasswordChangeRequest) async -> PasswordChangeResult {
        guard !request.old.isEmpty else { return .rejected(Rejection(.emptyPassword)) }
        guard !request.new.isEmpty else { return .refused(PasswordRefusal(.tooShort, detail: "it is empty")) }
        guard request.new.count <= AccountFields.maximumPasswordLength else {
            return .refused(PasswordRefusal(.tooLong, detail: "\(request.new.count) bytes"))
        }
        guard !request.new.isSame(as: request.old) else { return .refused(PasswordRefusal(.unchanged)) }
        let change: Change
        switch request.account {
        case .known(let key, let username, let locator):
            guard sources[key.source] != nil else {
                return .rejected(
                    Rejection(.unknownUser, source: key.source, key: key, detail: "the source was removed")
                )
            }
            change = Change(
                request: request,
                plan: AuthenticationPlan(only: key.source),
                name: username,
                person: (key, locator)
            )
        case .named(let typed, let selection):
            let name = LoginName(typed)
            guard !name.text.isEmpty else { return .rejected(Rejection(.unknownUser, detail: "no name was given")) }
            let plan = AuthenticationPlan(
                selection,
                name: name,
                sources: [],
                directories: directories,
                settings: settings
            )
            change = Change(
                request: request,
                plan: plan,
                name: plan.choosesByDomain ? name.user : name.text,
                person: nil
            )
        }
        return await throttled(change)
    }

    private func throttled(_ change: Change) async -> PasswordChangeResult {
        let start = ContinuousClock.now
        guard let throttle else {
            let (result, _) = await run(change, OpenGate(), start)
            if case .changed(let identity) = result { await passwordChanged(of: identity.key) }
            await pace(result.asLogin, change.plan.sources, wasAsked: true, start)
            return result
        }
        let attempt = throttle.attempt(
            ThrottledLogin(
                sources: change.plan.sources,
                name: change.name,
                address: change.request.address,
                password: change.request.old
            ),
            deadline: start + settings.loginBudget
        )
        let early = await attempt.enter()
        // Not cancelled with its caller, as at a login: and a password that was changed is a changed one, whoever waits.
        let work = Task.onSameExecutor {
            let (result, rejections) =
                if let early { (PasswordChangeResult(early), [Rejection]()) } else { await run(change, attempt, start) }
            await attempt.settle(result.asLogin, rejections)
            if case .changed(let identity) = result { await passwordChanged(of: identity.key) }
            return result
        }
        let result = await work.value
        await pace(result.asLogin, change.plan.sources, wasAsked: early == nil, start)
        return result
    }

    /// The steps of the plan; what single sources said is told beside what it comes to.
    private func run(
        _ change: Change,
        _ gate: any LoginGate,
        _ start: ContinuousClock.Instant
    ) async -> (PasswordChangeResult, [Rejection]) {
        let (decision, progress) = await walk(change.plan, start) {
            (source, step, deadline) -> StepAnswer<PasswordChangeResult> in
            let answer = await source.changePassword(
                of: Self.account(change, step),
                from: change.request.old,
                to: change.request.new,
                deadline: deadline,
                gate: gate
            )
            return switch answer {
            case .rejected(let rejection): .rejected(rejection)
            case .unavailable(let outage): .unavailable(outage)
            case .changed, .refused: .decided(answer)
            }
        }
        return (decision ?? PasswordChangeResult(progress.result), progress.rejections)
    }

    private static func account(_ change: Change, _ step: AuthenticationPlan.Step) -> SourceAccount {
        if let person = change.person { return .known(person.key, locator: person.locator) }
        guard case .named(let typed, _) = change.request.account else { return .named(change.name) }
        return .named(step.isWithoutDomain ? LoginName(typed).user : typed)
    }
}

extension PasswordChangeResult {
    /// What stands in the way of a login stands in the way of a change.
    init(_ result: AuthenticationResult) {
        switch result {
        case .rejected(let rejection): self = .rejected(rejection)
        case .unavailable(let outage): self = .unavailable(outage)
        // Nobody is let in without having been asked.
        case .authenticated(let identity): self = .rejected(Rejection(.other, key: identity.key))
        }
    }

    /// What a login with the old password would have come to, as far as it counts.
    var asLogin: AuthenticationResult {
        switch self {
        case .changed(let identity): .authenticated(identity)
        case .rejected(let rejection): .rejected(rejection)
        // Only who has proved the old password hears of the rules.
        case .refused: .rejected(Rejection(.other, passwordProved: true))
        case .unavailable(let outage): .unavailable(outage)
        }
    }
}

extension Password {
    /// True when both hold the same octets. Both are the caller's own, so the time it takes tells nobody anything.
    func isSame(as other: Password) -> Bool {
        unsafe withUnsafeBytes { own in
            unsafe other.withUnsafeBytes { unsafe own.elementsEqual($0) }
        }
    }
}
