import Authentication

/// What one source did in a login, as steps for people.
enum LoginSteps {
    static func steps(of asked: LoginTrace.Asked) -> [CheckStep] {
        asked.source == .local ? local(asked) : directory(asked)
    }

    private static func local(_ asked: LoginTrace.Asked) -> [CheckStep] {
        switch asked.result {
        case .authenticated(let identity):
            return [CheckStep("account", .passed, asked.duration, "the password of “\(identity.username)” is right")]
        case .rejected(let rejection):
            return [refusal("account", rejection, asked.duration)]
        case .unavailable(let outage):
            return [
                CheckStep(
                    "account",
                    .failed,
                    asked.duration,
                    outage.detail,
                    remedy: "`ldapauthd check` looks at the store"
                )
            ]
        }
    }

    private static func directory(_ asked: LoginTrace.Asked) -> [CheckStep] {
        let (search, bind) = (asked.phases[.search], asked.phases[.bind])
        switch asked.result {
        case .authenticated(let identity):
            var steps: [CheckStep] = []
            if let search { steps.append(CheckStep("search", .passed, search, "found \(identity.locator ?? "")")) }
            steps.append(
                CheckStep("bind", .passed, bind ?? .zero, "\(identity.host ?? "the server") says the password is right")
            )
            if let time = asked.phases[.groups] {
                let count = identity.groups.count
                let number = count == 1 ? "1 group" : "\(count) groups"
                steps.append(CheckStep("groups", .passed, time, number))
            }
            return steps
        case .rejected(let rejection):
            guard let bind else { return [refusal("search", rejection, search ?? asked.duration)] }
            let found = search.map { CheckStep("search", .passed, $0, "one entry matches the name") }
            return [found].compactMap { $0 } + [refusal("bind", rejection, bind)]
        case .unavailable(let outage):
            let remedy = "the steps below show where it ends"
            return [CheckStep("login", .failed, asked.duration, outage.detail, remedy: remedy)]
        }
    }

    private static func refusal(_ name: String, _ rejection: Rejection, _ duration: Duration) -> CheckStep {
        var step = CheckStep(
            name,
            .failed,
            duration,
            "\(LoginText.sentence(rejection.reason)) (\(rejection.reason.rawValue))",
            remedy: LoginText.remedy(rejection)
        )
        if !rejection.detail.isEmpty { step.details = [rejection.detail] }
        step.host = rejection.host
        return step
    }
}
