internal import Authentication
internal import LDAPClient

/// What an entry says of an account when nobody binds: asked at a refresh. Pure.
enum AccountState {
    /// Which attributes say it.
    static func attributes(of kind: DirectoryKind) -> [String] {
        switch kind {
        case .activeDirectory: ["userAccountControl", "msDS-User-Account-Control-Computed", "accountExpires"]
        case .directoryServer389, .freeIPA: ["nsAccountLock", "accountUnlockTime"]
        case .openLDAP, .generic: ["pwdAccountLockedTime", "pwdReset"]
        }
    }

    /// Why the account may not be used at `now`; nil when nothing speaks against it.
    static func refusal(_ entry: LDAPEntry, kind: DirectoryKind, now: Timestamp) -> (Rejection.Reason, detail: String)?
    {
        switch kind {
        case .activeDirectory: activeDirectory(entry, now)
        case .directoryServer389, .freeIPA: directoryServer389(entry, now)
        case .openLDAP, .generic: passwordPolicy(entry)
        }
    }

    /// draft-behera-ldap-password-policy-10 §5.3.3, §5.3.8. A lock that ran out stays in the entry until the next login.
    private static func passwordPolicy(_ entry: LDAPEntry) -> (Rejection.Reason, detail: String)? {
        if let since = entry.text("pwdAccountLockedTime") { return (.locked, "pwdAccountLockedTime is \(since)") }
        if entry.text("pwdReset")?.uppercased() == "TRUE" { return (.mustChangePassword, "pwdReset is TRUE") }
        return nil
    }

    private static func directoryServer389(_ entry: LDAPEntry, _ now: Timestamp) -> (Rejection.Reason, detail: String)?
    {
        if entry.text("nsAccountLock")?.lowercased() == "true" { return (.disabled, "nsAccountLock is true") }
        guard let text = entry.text("accountUnlockTime"), let until = GeneralizedTime.seconds(text) else { return nil }
        // The epoch itself means "until an administrator unlocks it".
        return until == 0 || until > now.seconds ? (.locked, "accountUnlockTime is \(text)") : nil
    }

    /// MS-ADTS §2.2.16, §3.1.1.4.5.17; times count 100 ns from 1601.
    private static func activeDirectory(_ entry: LDAPEntry, _ now: Timestamp) -> (Rejection.Reason, detail: String)? {
        let control = entry.text("userAccountControl").flatMap { Int64($0) } ?? 0
        if control & 0x2 != 0 { return (.disabled, "userAccountControl has ACCOUNTDISABLE") }
        let computed = entry.text("msDS-User-Account-Control-Computed").flatMap { Int64($0) } ?? 0
        if computed & 0x10 != 0 { return (.locked, "msDS-User-Account-Control-Computed has LOCKOUT") }
        if computed & 0x80_0000 != 0 { return (.passwordExpired, "the password has expired") }
        guard let expires = entry.text("accountExpires").flatMap({ Int64($0) }), expires > 0, expires < Int64.max else {
            return nil
        }
        return expires / 10_000_000 - 11_644_473_600 <= now.seconds
            ? (.accountExpired, "accountExpires has passed") : nil
    }
}
