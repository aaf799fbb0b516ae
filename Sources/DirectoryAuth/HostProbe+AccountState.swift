internal import Authentication
internal import LDAPClient

/// Whether the account that searches may read what says that somebody is locked, disabled or has a new password, for `check`:
/// without it logins work, and sessions outlive what they should not.
extension HostProbe {
    func accountState(root: RootDSE?, person: Person?) async -> Step {
        guard let person else { return skipped(.accountState, "nobody was found whose state could be looked at") }
        return await step(.accountState) { (deadline) throws(LDAPError) in
            let kind = settings.kind
            if !kind.is389, kind != .activeDirectory, let root, !root.supportsPasswordPolicy {
                return Finding(
                    .warning,
                    "the server has no password policies: a refresh sees neither locks nor changed passwords",
                    kind == .openLDAP
                        ? "load the overlay ppolicy, without limits if none are wanted; or keep tokens.session_max short"
                        : "choose the kind that fits the server; or keep tokens.session_max short"
                )
            }
            let readings = try await readings(of: person, deadline)
            let hidden = AccountState.telling(of: kind).filter { readings[$0] == .hidden }
            guard hidden.isEmpty else {
                let names = hidden.joined(separator: ", ")
                return Finding(
                    .warning,
                    "of \(person.dn) this account may not read \(names): \(Self.consequence(hidden, kind))",
                    "give the service account the right to read \(hidden.count == 1 ? "that attribute" : "those attributes")"
                        + " of everybody below user_base"
                )
            }
            return try await passwordChange(person, readings[kind.credentialStateAttribute], deadline)
        }
    }

    private enum Reading {
        case present
        /// It could be read, and is not there.
        case absent
        case hidden
    }

    /// What is known of the attributes that `AccountState.telling` names.
    private func readings(
        of person: Person,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [String: Reading] {
        let names = AccountState.telling(of: settings.kind)
        let request = SearchRequest(base: person.dn, scope: .base, attributes: names)
        let entry = try await entries(request, deadline).first
        var readings: [String: Reading] = [:]
        for name in names {
            if entry?[name].isEmpty == false {
                readings[name] = .present
            } else if settings.kind == .activeDirectory {
                // Everybody has each of them there, or it is computed.
                readings[name] = .hidden
            } else {
                // Of what may not be searched a filter is neither true nor false, so its negation is not true either
                // (RFC 4511 §4.5.1.7).
                let request = SearchRequest(
                    base: person.dn,
                    scope: .base,
                    filter: .not(.present(attribute: name)),
                    attributes: ["1.1"]
                )
                readings[name] = try await entries(request, deadline).isEmpty ? .hidden : .absent
            }
        }
        return readings
    }

    private static func consequence(_ hidden: [String], _ kind: DirectoryKind) -> String {
        let password = kind.credentialStateAttribute
        if hidden == [password] { return "a refresh cannot see a changed password" }
        return hidden.contains(password)
            ? "a refresh sees neither a locked or disabled account nor a changed password"
            : "a refresh cannot see that an account was locked, disabled or has expired"
    }

    /// All may be read; whether the server writes down that a password was changed is another question.
    private func passwordChange(
        _ person: Person,
        _ reading: Reading?,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> Finding {
        let attribute = settings.kind.credentialStateAttribute
        let seen = "locks, expiry and changed passwords are seen by a refresh"
        // slapd writes it at the first change, where an entry was made with a password.
        if reading == .present { return Finding(.passed, seen) }
        let later = "\(seen); \(person.username) has no \(attribute) before the password is changed once"
        guard settings.kind.is389 else { return Finding(.passed, later) }
        let request = SearchRequest(
            base: settings.userBase,
            scope: settings.userScope,
            filter: .and([directory.userFilter.eligibility, .present(attribute: attribute)]),
            attributes: ["1.1"],
            sizeLimit: 1
        )
        guard try await entries(request, deadline).isEmpty else { return Finding(.passed, later) }
        return Finding(
            .warning,
            "nobody below \(settings.userBase) has \(attribute): a refresh cannot see a changed password",
            settings.kind == .directoryServer389
                ? "switch it on: dsconf INSTANCE config replace passwordTrackUpdateTime=on; it is written from the next "
                    + "change of each password on"
                : "give the service account the right to read \(attribute)"
        )
    }
}
