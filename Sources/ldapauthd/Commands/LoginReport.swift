import Authentication

/// Says how a login went: to the terminal for people, by exit code for scripts.
enum LoginReport {
    static func tell(_ result: AuthenticationResult, configuration: Configuration) {
        switch result {
        case .authenticated(let identity):
            Terminal.say("✓ “\(Terminal.plain(identity.username))” is let in.")
            let rows = [
                ("source", identity.sourceName), ("subject", identity.key.subject),
                ("first name", identity.firstName ?? ""),
                ("last name", identity.lastName ?? ""), ("email", identity.email ?? ""),
                ("found at", identity.locator ?? ""),
                ("host", identity.host ?? ""), ("warning", identity.notice ?? ""),
                ("groups", identity.groups.joined(separator: ", ")),
            ]
            for (label, value) in rows where !value.isEmpty {
                Terminal.say("  \(label)\(String(repeating: " ", count: 12 - label.count))\(Terminal.plain(value))")
            }
        case .rejected(let rejection):
            let source = rejection.source.map { " by \(name(of: $0, configuration))" } ?? ""
            Terminal.say("✗ Refused\(source): \(LoginText.sentence(rejection.reason)) (\(rejection.reason.rawValue)).")
            if let host = rejection.host { Terminal.say("  asked: \(Terminal.plain(host))") }
            if rejection.source == nil, !rejection.detail.isEmpty {
                Terminal.say("  detail: \(Terminal.plain(rejection.detail))")
            }
            Terminal.say("  remedy: \(Terminal.plain(LoginText.remedy(rejection)))")
            Terminal.say("  the caller is told: \(told(rejection))")
        case .unavailable(let outage):
            let names = outage.sources.map { name(of: $0, configuration) }.joined(separator: ", ")
            Terminal.say("✗ Nobody could say: \(names.isEmpty ? "no source" : names) did not answer.")
            Terminal.say("  \(Terminal.plain(outage.detail))")
        }
    }

    /// The same for scripts.
    static func json(_ result: AuthenticationResult, steps: CheckReport, configuration: Configuration) -> String {
        var members: [(String, String)]
        switch result {
        case .authenticated(let identity):
            members = [
                ("outcome", "\"authenticated\""), ("user", JSONText.string(identity.username)),
                ("source", JSONText.string(identity.sourceName)), ("subject", JSONText.string(identity.key.subject)),
                ("first_name", JSONText.optional(identity.firstName)),
                ("last_name", JSONText.optional(identity.lastName)),
                ("email", JSONText.optional(identity.email)), ("found_at", JSONText.optional(identity.locator)),
                ("host", JSONText.optional(identity.host)), ("warning", JSONText.optional(identity.notice)),
                ("groups", JSONText.array(identity.groups.map { JSONText.string($0) })),
            ]
        case .rejected(let rejection):
            members = [
                ("outcome", "\"rejected\""), ("reason", JSONText.string(rejection.reason.rawValue)),
                ("message", JSONText.string(LoginText.sentence(rejection.reason))),
                ("detail", JSONText.string(rejection.detail)), ("remedy", JSONText.string(LoginText.remedy(rejection))),
                ("host", JSONText.optional(rejection.host)), ("told", JSONText.string(told(rejection))),
            ]
        case .unavailable(let outage):
            members = [("outcome", "\"unavailable\""), ("detail", JSONText.string(outage.detail))]
        }
        return JSONText.object(members + [("sections", steps.sectionsJSON)])
    }

    /// What a script hears by exit code.
    static func failure(_ result: AuthenticationResult) -> CommandFailure? {
        switch result {
        case .authenticated: nil
        case .rejected: CommandFailure(.refused, "The login was refused.")
        case .unavailable: CommandFailure(.unavailable, "The login could not be decided.")
        }
    }

    private static func name(of source: SourceID, _ configuration: Configuration) -> String {
        if source == .local { return "the local accounts" }
        return configuration.directories.first { $0.id == source.rawValue }.map { "“\($0.name)”" } ?? "source \(source)"
    }

    /// The caller hears a reason only once the password is proved.
    private static func told(_ rejection: Rejection) -> String {
        rejection.passwordProved ? "the reason, because the password is right" : "Invalid user credentials"
    }
}
