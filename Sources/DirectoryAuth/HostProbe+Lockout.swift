internal import Authentication
internal import LDAPClient

/// What a directory's own lock-out is set to, for `check`: the throttle must stop guesses before the directory locks the
/// account, or anybody who knows a name can lock its owner out.
extension HostProbe {
    /// After so many wrong passwords an account is locked.
    private enum Threshold {
        case never
        case after(Int64)
        /// There are no such policies, or they may not be read; the sentence says which.
        case unknown(String)
    }

    func lockout(root: RootDSE?, person: Person?, throttle: Int) async -> Step {
        await step(.lockout) { (deadline) throws(LDAPError) in
            let threshold: Threshold
            switch settings.kind {
            case .activeDirectory: threshold = try await activeDirectory(root, person, deadline)
            case .directoryServer389: threshold = try await directoryServer389(person, deadline)
            case .freeIPA: threshold = try await freeIPA(root, deadline)
            case .openLDAP, .generic: threshold = try await policies(root, person, deadline)
            }
            return Self.finding(threshold, throttle)
        }
    }

    private static func finding(_ threshold: Threshold, _ throttle: Int) -> Finding {
        switch threshold {
        case .unknown(let why):
            return Finding(.skipped, why)
        case .never:
            return Finding(.passed, "the server locks no account for wrong passwords")
        case .after(let limit):
            let own = "the server locks an account after \(limit) wrong passwords"
            guard throttle > 0 else {
                return Finding(
                    .warning,
                    "\(own), and here nothing stops them: anybody can have anybody locked",
                    limit > 1 ? "set throttle.account_failures to \(limit - 1) or less" : "raise that threshold"
                )
            }
            guard Int64(throttle) < limit else {
                return Finding(
                    .warning,
                    "\(own), and throttle.account_failures lets \(throttle) through: anybody can have anybody locked",
                    limit > 1
                        ? "set throttle.account_failures to \(limit - 1) or less"
                        : "raise the server's threshold: no throttle lies below 1"
                )
            }
            return Finding(.passed, "\(own); the throttle stops them after \(throttle)")
        }
    }

    /// [MS-ADTS] 3.1.1.5.1.2, and [MS-ADTS] 3.1.1.4.5.36 for policies of single people.
    private func activeDirectory(
        _ root: RootDSE?,
        _ person: Person?,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> Threshold {
        if let person, let policy = try await read(person.dn, "msDS-ResultantPSO", deadline)?.text("msDS-ResultantPSO"),
            let own = try await number(policy, "msDS-LockoutThreshold", deadline)
        {
            return threshold(own)
        }
        guard let domain = root?.defaultNamingContext,
            let limit = try await number(domain, "lockoutThreshold", deadline)
        else {
            return .unknown(unreadable("lockoutThreshold of the domain"))
        }
        return threshold(limit)
    }

    /// The policy of the person's subtree where there is one, else the server's own, which only its manager may read.
    private func directoryServer389(
        _ person: Person?,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> Threshold {
        var place = "cn=config"
        if let person, let named = try await read(person.dn, "pwdPolicySubentry", deadline)?.text("pwdPolicySubentry") {
            place = named
        }
        let names = ["passwordLockout", "passwordMaxFailure"]
        guard let entry = try await read(place, names, deadline), let locks = entry.text("passwordLockout") else {
            return .unknown(unreadable("passwordMaxFailure in \(place)"))
        }
        guard ["on", "true"].contains(locks.lowercased()) else { return .never }
        // What the server takes when nothing is set (Configuration Reference, passwordMaxFailure).
        return threshold(entry.text("passwordMaxFailure").flatMap { Int64($0) } ?? 3)
    }

    private func freeIPA(_ root: RootDSE?, _ deadline: ContinuousClock.Instant) async throws(LDAPError) -> Threshold {
        let suffix = root?.defaultNamingContext ?? settings.userBase
        let request = SearchRequest(
            base: suffix,
            filter: .equal(attribute: "objectClass", value: Array("krbPwdPolicy".utf8)),
            attributes: ["krbPwdMaxFailure"],
            sizeLimit: PasswordPolicyFinder.limit
        )
        let limits = try await entries(request, deadline).compactMap {
            $0.text("krbPwdMaxFailure").flatMap { Int64($0) }
        }
        guard !limits.isEmpty else { return .unknown(unreadable("krbPwdMaxFailure of the realm")) }
        return limits.filter { $0 > 0 }.min().map { Threshold.after($0) } ?? .never
    }

    /// draft-behera-ldap-password-policy-10 §5.2. Of several policies that may apply the strictest counts.
    private func policies(
        _ root: RootDSE?,
        _ person: Person?,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> Threshold {
        if let root, !root.supportsPasswordPolicy { return .unknown("the server has no password policies") }
        guard let person else { return .unknown("nobody was found whose password policy could be looked for") }
        let entry = try await read(person.dn, "pwdPolicySubentry", deadline) ?? LDAPEntry(dn: person.dn, attributes: [])
        let found = try await directory.policies.policies(of: entry, by: host, deadline: deadline)
        guard !found.isEmpty else { return .unknown(unreadable("pwdMaxFailure of a password policy")) }
        let limits = found.filter(\.locksOut).map(\.maxFailures).filter { $0 > 0 }
        return limits.min().map { Threshold.after($0) } ?? .never
    }

    private func threshold(_ limit: Int64) -> Threshold { limit > 0 ? .after(limit) : .never }

    private func unreadable(_ what: String) -> String {
        "\(what) may not be read as this account: compare it with throttle.account_failures by hand"
    }

    private func number(
        _ dn: String,
        _ attribute: String,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> Int64? {
        try await read(dn, attribute, deadline)?.text(attribute).flatMap { Int64($0) }
    }

    private func read(
        _ dn: String,
        _ attribute: String,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> LDAPEntry? {
        try await read(dn, [attribute], deadline)
    }

    private func read(
        _ dn: String,
        _ attributes: [String],
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> LDAPEntry? {
        try await entries(SearchRequest(base: dn, scope: .base, attributes: attributes), deadline).first
    }

    /// None where the account may not look; a host that fails is an error.
    func entries(
        _ request: SearchRequest,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [LDAPEntry] {
        do throws(LDAPError) {
            return try await host.search(request, deadline: deadline).entries
        } catch {
            guard error.code == .result, !error.isFaultOfHost else { throw error }
            return []
        }
    }
}
