internal import Authentication
internal import LDAPClient

/// What an entry says of an account when nobody binds: asked at a refresh. Pure.
enum AccountState {
    /// Something that speaks against the account.
    struct Finding: Sendable, Hashable {
        var reason: Rejection.Reason
        /// The attribute that says so, for the operator.
        var detail: String

        init(_ reason: Rejection.Reason, _ detail: String) {
            self.reason = reason
            self.detail = detail
        }

        /// It is about the password's age, not the account: a server may let the person in all the same (grace logins,
        /// rules that are switched off), and then a refresh may not know better.
        var concernsPassword: Bool { reason == .passwordExpired || reason == .mustChangePassword }
    }

    /// Which attributes say it; most are operational or computed, so all are asked for by name.
    static func attributes(of kind: DirectoryKind) -> [String] {
        switch kind {
        case .activeDirectory:
            ["userAccountControl", "msDS-User-Account-Control-Computed", "accountExpires", "pwdLastSet"]
        case .directoryServer389: ["nsAccountLock", "accountUnlockTime", "passwordExpirationTime"]
        case .freeIPA:
            [
                "nsAccountLock", "accountUnlockTime", "passwordExpirationTime", "krbPrincipalExpiration",
                "krbPasswordExpiration",
            ]
        case .openLDAP, .generic:
            [
                "pwdAccountLockedTime", "pwdAccountTmpLockoutEnd", "pwdStartTime", "pwdEndTime", "pwdReset",
                "pwdChangedTime", "pwdPolicySubentry",
            ]
        }
    }

    /// Those that must be readable for a refresh to see a lock, an end or a new password, for `check`; later inventions of one
    /// kind of server left out.
    static func telling(of kind: DirectoryKind) -> [String] {
        let all =
            switch kind {
            case .activeDirectory, .directoryServer389, .freeIPA: attributes(of: kind)
            case .openLDAP, .generic: ["pwdAccountLockedTime", "pwdReset"]
            }
        return all.contains(kind.credentialStateAttribute) ? all : all + [kind.credentialStateAttribute]
    }

    /// Everything that speaks against the account at `now`, what concerns the account before what concerns its password.
    ///
    /// - Parameter policies: those that may apply, one when it is known which; empty when nothing is known of them.
    static func findings(
        _ entry: LDAPEntry,
        kind: DirectoryKind,
        policies: [PasswordPolicy] = [],
        now: Timestamp
    ) -> [Finding] {
        switch kind {
        case .activeDirectory: activeDirectory(entry, now)
        case .directoryServer389: directoryServer389(entry, now)
        case .freeIPA: freeIPA(entry, now)
        case .openLDAP, .generic: passwordPolicy(entry, policies, now)
        }
    }

    /// A delay after a failure that lasts at `now` (pwdMinDelay): meanwhile the right password is refused like a wrong one.
    static func delay(_ entry: LDAPEntry, now: Timestamp) -> Finding? {
        guard let (text, end) = time(entry, "pwdAccountTmpLockoutEnd"), end >= now.seconds else { return nil }
        return Finding(.locked, "pwdAccountTmpLockoutEnd is \(text)")
    }

    /// Whether the answer depends on the policy that applies to the entry.
    static func dependsOnPolicy(_ entry: LDAPEntry, kind: DirectoryKind) -> Bool {
        guard kind == .openLDAP || kind == .generic else { return false }
        return ["pwdAccountLockedTime", "pwdReset", "pwdChangedTime"].contains { !entry[$0].isEmpty }
    }
}

// MARK: - Active Directory

extension AccountState {
    /// MS-ADTS §2.2.16, §3.1.1.4.5.17; times count 100 ns from 1601. The computed flags know of lock-outs that ran out, of
    /// accounts whose password never expires and of policies for some accounts only.
    private static func activeDirectory(_ entry: LDAPEntry, _ now: Timestamp) -> [Finding] {
        var findings: [Finding] = []
        let control = entry.text("userAccountControl").flatMap { Int64($0) } ?? 0
        if control & 0x2 != 0 { findings.append(Finding(.disabled, "userAccountControl has ACCOUNTDISABLE")) }
        let computed = entry.text("msDS-User-Account-Control-Computed").flatMap { Int64($0) } ?? 0
        if computed & 0x10 != 0 {
            findings.append(Finding(.locked, "msDS-User-Account-Control-Computed has LOCKOUT"))
        }
        let expires = entry.text("accountExpires").flatMap { Int64($0) } ?? 0
        if expires > 0, expires < Int64.max, expires / 10_000_000 - 11_644_473_600 <= now.seconds {
            findings.append(Finding(.accountExpired, "accountExpires has passed"))
        }
        if computed & 0x80_0000 != 0 {
            findings.append(
                entry.text("pwdLastSet") == "0"
                    ? Finding(.mustChangePassword, "pwdLastSet is 0")
                    : Finding(.passwordExpired, "msDS-User-Account-Control-Computed has PASSWORD_EXPIRED")
            )
        }
        return findings
    }
}

// MARK: - 389 Directory Server and FreeIPA

extension AccountState {
    private static func directoryServer389(_ entry: LDAPEntry, _ now: Timestamp) -> [Finding] {
        var findings: [Finding] = []
        // Its own, or given by a role through a class of service: computed either way.
        if entry.text("nsAccountLock")?.lowercased() == "true" {
            findings.append(Finding(.disabled, "nsAccountLock is true"))
        }
        if let (text, until) = time(entry, "accountUnlockTime"), until == 0 || until > now.seconds {
            // The epoch itself means "until an administrator unlocks it".
            findings.append(Finding(.locked, "accountUnlockTime is \(text)"))
        }
        if let (text, expiry) = time(entry, "passwordExpirationTime") {
            if expiry == 0 {
                // So an administrator's reset is noted where passwords must be changed after one.
                findings.append(Finding(.mustChangePassword, "passwordExpirationTime is \(text)"))
            } else if expiry > 1, expiry <= now.seconds {
                // One second after the epoch means "no expiry yet".
                findings.append(Finding(.passwordExpired, "passwordExpirationTime is \(text)"))
            }
        }
        return findings
    }

    private static func freeIPA(_ entry: LDAPEntry, _ now: Timestamp) -> [Finding] {
        var findings = directoryServer389(entry, now)
        if let (text, expiry) = time(entry, "krbPrincipalExpiration"), expiry > 0, expiry < now.seconds {
            findings.append(Finding(.accountExpired, "krbPrincipalExpiration is \(text)"))
        }
        if let (text, expiry) = time(entry, "krbPasswordExpiration"), expiry > 0, expiry <= now.seconds {
            findings.append(Finding(.passwordExpired, "krbPasswordExpiration is \(text)"))
        }
        return findings.filter { !$0.concernsPassword } + findings.filter(\.concernsPassword)
    }

    private static func time(_ entry: LDAPEntry, _ attribute: String) -> (text: String, seconds: Int64)? {
        guard let text = entry.text(attribute), let seconds = GeneralizedTime.seconds(text) else { return nil }
        return (text, seconds)
    }
}

// MARK: - OpenLDAP's password policies

extension AccountState {
    /// draft-behera-ldap-password-policy-10 §5.3, as slapo-ppolicy(5) does it. A delay after a failure
    /// (pwdAccountTmpLockoutEnd) is no lock: a stranger's typing error would end the owner's sessions.
    private static func passwordPolicy(
        _ entry: LDAPEntry,
        _ policies: [PasswordPolicy],
        _ now: Timestamp
    ) -> [Finding] {
        var findings: [Finding] = []
        if let since = entry.text("pwdAccountLockedTime"), isLocked(since, policies, now) {
            findings.append(Finding(.locked, "pwdAccountLockedTime is \(since)"))
        }
        if let (text, start) = time(entry, "pwdStartTime"), start > now.seconds {
            findings.append(Finding(.disabled, "pwdStartTime is \(text)"))
        }
        if let (text, end) = time(entry, "pwdEndTime"), end <= now.seconds {
            findings.append(Finding(.accountExpired, "pwdEndTime is \(text)"))
        }
        if entry.text("pwdReset")?.uppercased() == "TRUE", policies.isEmpty || policies.contains(where: \.mustChange) {
            findings.append(Finding(.mustChangePassword, "pwdReset is TRUE"))
        }
        // Only what every policy that may apply agrees on.
        if let (text, changed) = time(entry, "pwdChangedTime"), !policies.isEmpty,
            policies.allSatisfy({ $0.maxAge > 0 && changed + $0.maxAge < now.seconds })
        {
            findings.append(Finding(.passwordExpired, "pwdChangedTime is \(text), older than pwdMaxAge"))
        }
        return findings
    }

    /// The stamp stays in the entry until the next successful login, also after the lock ran out. Where it is not known
    /// which policy applies, it counts as locked unless it ran out by all.
    private static func isLocked(_ since: String, _ policies: [PasswordPolicy], _ now: Timestamp) -> Bool {
        if policies.isEmpty { return true }
        return policies.contains { policy in
            guard policy.locksOut else { return false }
            // 000001010000Z: by an administrator, for good.
            guard let since = GeneralizedTime.seconds(since), since > 0, policy.lockoutDuration > 0 else { return true }
            return since <= now.seconds && now.seconds < since + policy.lockoutDuration
        }
    }
}
