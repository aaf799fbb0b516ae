/// A result code of RFC 4511 §4.1.9.
public struct LDAPResultCode: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
    /// The number on the wire.
    public let rawValue: Int32
    /// A code by its number.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// 0: done.
    public static let success = LDAPResultCode(rawValue: 0)
    /// 4: there were more entries than asked for, or than the server allows.
    public static let sizeLimitExceeded = LDAPResultCode(rawValue: 4)
    /// 8: the server wants TLS first.
    public static let strongerAuthRequired = LDAPResultCode(rawValue: 8)
    /// 11: a limit of the administrator's was passed.
    public static let adminLimitExceeded = LDAPResultCode(rawValue: 11)
    /// 32: the base does not exist, or may not be seen.
    public static let noSuchObject = LDAPResultCode(rawValue: 32)
    /// 48: this kind of bind is not possible for the entry.
    public static let inappropriateAuthentication = LDAPResultCode(rawValue: 48)
    /// 49: the name or the password is wrong, or the state of the account forbids it.
    public static let invalidCredentials = LDAPResultCode(rawValue: 49)
    /// 50: not allowed for who is bound.
    public static let insufficientAccessRights = LDAPResultCode(rawValue: 50)
    /// 51: the server is too busy.
    public static let busy = LDAPResultCode(rawValue: 51)
    /// 52: the server cannot do it now.
    public static let unavailable = LDAPResultCode(rawValue: 52)
    /// 53: the server refuses.
    public static let unwillingToPerform = LDAPResultCode(rawValue: 53)

    /// True for busy, unavailable, and what servers say when something inside them broke (operationsError, protocolError,
    /// timeLimitExceeded, adminLimitExceeded, other): nobody looked at the account.
    public var isServerTrouble: Bool { [1, 2, 3, 11, 51, 52, 80].contains(rawValue) }

    /// The number in decimal.
    public var description: String { String(rawValue) }
}
