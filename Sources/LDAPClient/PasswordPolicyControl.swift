/// What a directory says of a password beside the result of a bind.
///
/// Three controls are read: the password policy response (draft-behera-ldap-password-policy-10 §6.2), sent on request, and
/// the two older ones of Netscape's servers (draft-vchu-ldap-pwd-policy-00), sent unasked.
public struct PasswordPolicyControl: Sendable, Hashable {
    /// The error of the response control.
    public struct Fault: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
        /// The number on the wire.
        public let rawValue: Int

        /// A fault by its number; servers may have others than those named here.
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// The password has expired.
        public static let passwordExpired = Fault(rawValue: 0)
        /// The account is locked.
        public static let accountLocked = Fault(rawValue: 1)
        /// The password was reset and must be changed before anything else.
        public static let changeAfterReset = Fault(rawValue: 2)
        /// The user may not change the password.
        public static let passwordModNotAllowed = Fault(rawValue: 3)
        /// A change needs the old password.
        public static let mustSupplyOldPassword = Fault(rawValue: 4)
        /// The new password fails the quality check.
        public static let insufficientPasswordQuality = Fault(rawValue: 5)
        /// The new password is too short.
        public static let passwordTooShort = Fault(rawValue: 6)
        /// The password was changed too recently.
        public static let passwordTooYoung = Fault(rawValue: 7)
        /// The new password was used before.
        public static let passwordInHistory = Fault(rawValue: 8)

        private static let names = [
            "password-expired", "account-locked", "change-after-reset", "password-mod-not-allowed",
            "must-supply-old-password", "insufficient-password-quality", "password-too-short", "password-too-young",
            "password-in-history",
        ]

        /// In lower case with hyphens; the number when it has no name.
        public var description: String {
            Self.names.indices.contains(rawValue) ? Self.names[rawValue] : String(rawValue)
        }
    }

    /// The response control's object identifier; the request control has the same.
    public static let oid = "1.3.6.1.4.1.42.2.27.8.5.1"
    /// Netscape's "password expired".
    public static let netscapeExpiredOID = "2.16.840.1.113730.3.4.4"
    /// Netscape's "password expiring".
    public static let netscapeExpiringOID = "2.16.840.1.113730.3.4.5"

    /// Seconds until the password expires.
    public var timeBeforeExpiration: Int?
    /// How many more binds an expired password allows.
    public var graceAuthNsRemaining: Int?
    /// Why the password is refused or must be changed.
    public var error: Fault?
    /// Netscape's control says that the password has expired or must be changed: with a successful bind the latter.
    public var isNetscapeExpired: Bool

    /// A statement.
    public init(
        timeBeforeExpiration: Int? = nil,
        graceAuthNsRemaining: Int? = nil,
        error: Fault? = nil,
        isNetscapeExpired: Bool = false
    ) {
        self.timeBeforeExpiration = timeBeforeExpiration
        self.graceAuthNsRemaining = graceAuthNsRemaining
        self.error = error
        self.isNetscapeExpired = isNetscapeExpired
    }

    /// Reads the controls of an answer; nil when none of the three is there. A control that cannot be read says nothing.
    public init?(_ controls: [LDAPControl]) {
        self.init()
        var isPresent = false
        for control in controls {
            switch control.oid {
            case Self.oid:
                isPresent = true
                read(control.value ?? [])
            case Self.netscapeExpiredOID:
                isPresent = true
                isNetscapeExpired = true
            case Self.netscapeExpiringOID:
                isPresent = true
                // The value is the number of seconds in decimal.
                let seconds = String(validating: control.value ?? [], as: UTF8.self).flatMap { Int($0) }
                if let seconds, seconds >= 0 { timeBeforeExpiration = timeBeforeExpiration ?? seconds }
            default: continue
            }
        }
        guard isPresent else { return nil }
    }

    /// `SEQUENCE { warning [0] CHOICE { [0] INTEGER, [1] INTEGER } OPTIONAL, error [1] ENUMERATED OPTIONAL }`
    private mutating func read(_ value: [UInt8]) {
        var outer = BERReader(value)
        guard let sequence = outer.next(0x30) else { return }
        var inner = sequence.reader
        if let warning = inner.next(0xA0) {
            var choice = warning.reader
            if let element = choice.next(), let number = element.integer, number >= 0 {
                if element.tag == 0x80 { timeBeforeExpiration = Int(number) }
                if element.tag == 0x81 { graceAuthNsRemaining = Int(number) }
            }
        }
        if let number = inner.next(0x81)?.integer, 0...127 ~= number { error = Fault(rawValue: Int(number)) }
    }
}
