internal import LDAPClient

/// What a policy entry says (draft-behera-ldap-password-policy-10 §5.2), as far as a refresh and `check` need it.
struct PasswordPolicy: Sendable, Hashable {
    /// Which attributes say it.
    static let attributes = ["pwdLockout", "pwdLockoutDuration", "pwdMaxAge", "pwdMaxFailure", "pwdMustChange"]

    /// Failures lock at all.
    var locksOut: Bool
    /// Seconds a lock lasts; 0 is until somebody unlocks.
    var lockoutDuration: Int64
    /// Seconds a password may be used; 0 is for ever.
    var maxAge: Int64
    /// Wrong passwords in a row that lock; 0 is any number.
    var maxFailures: Int64
    /// Passwords set by an administrator must be changed.
    var mustChange: Bool

    init(
        locksOut: Bool = false,
        lockoutDuration: Int64 = 0,
        maxAge: Int64 = 0,
        maxFailures: Int64 = 0,
        mustChange: Bool = false
    ) {
        self.locksOut = locksOut
        self.maxFailures = maxFailures
        self.lockoutDuration = lockoutDuration
        self.maxAge = maxAge
        self.mustChange = mustChange
    }

    init(_ entry: LDAPEntry) {
        func number(_ attribute: String) -> Int64 { max(0, entry.text(attribute).flatMap { Int64($0) } ?? 0) }
        func truth(_ attribute: String) -> Bool { entry.text(attribute)?.uppercased() == "TRUE" }
        self.init(
            locksOut: truth("pwdLockout"),
            lockoutDuration: number("pwdLockoutDuration"),
            maxAge: number("pwdMaxAge"),
            maxFailures: number("pwdMaxFailure"),
            mustChange: truth("pwdMustChange")
        )
    }
}
