import Authentication

/// Says how a login went: to the terminal for people, by exit code for scripts.
enum LoginReport {
    static func tell(_ result: AuthenticationResult, configuration: Configuration) throws(CommandFailure) {
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
            Terminal.say("✗ Refused\(source): \(sentence(rejection.reason)) (\(rejection.reason.rawValue)).")
            if let host = rejection.host { Terminal.say("  asked: \(Terminal.plain(host))") }
            if !rejection.detail.isEmpty { Terminal.say("  detail: \(Terminal.plain(rejection.detail))") }
            Terminal.say("  the caller is told: \(told(rejection))")
            throw CommandFailure(.refused, "The login was refused.")
        case .unavailable(let outage):
            let names = outage.sources.map { name(of: $0, configuration) }.joined(separator: ", ")
            Terminal.say("✗ Nobody could say: \(names.isEmpty ? "no source" : names) did not answer.")
            Terminal.say("  \(Terminal.plain(outage.detail))")
            Terminal.say("  `ldapauthd check` looks at every step of the way there.")
            throw CommandFailure(.unavailable, "The login could not be decided.")
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

    private static func sentence(_ reason: Rejection.Reason) -> String {
        switch reason {
        case .unknownUser: "nobody of that name was found"
        case .ambiguousUser: "more than one entry matches the name"
        case .wrongPassword: "the password is wrong"
        case .emptyPassword: "the password is empty"
        case .locked: "the account is locked"
        case .disabled: "the account is disabled"
        case .passwordExpired: "the password has expired"
        case .mustChangePassword: "the password must be changed first"
        case .accountExpired: "the account has expired"
        case .logonHours: "not at this hour"
        case .workstation: "not from this workstation"
        case .userIDTaken: "the number in attributes.user_id belongs to somebody else"
        case .throttled: "too many attempts failed before"
        case .other: "for a reason of the server's own"
        }
    }
}
