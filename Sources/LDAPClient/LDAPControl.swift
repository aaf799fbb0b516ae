/// A control of a request or an answer (RFC 4511 §4.1.11).
public struct LDAPControl: Sendable, Hashable {
    /// The object identifier.
    public var oid: String
    /// The BER value, if any.
    public var value: [UInt8]?
    /// Whether a server that does not know it must refuse the request.
    public var isCritical: Bool

    /// A control.
    public init(oid: String, value: [UInt8]? = nil, isCritical: Bool = false) {
        self.oid = oid
        self.value = value
        self.isCritical = isCritical
    }

    /// Password policy request (draft-behera-ldap-password-policy-10 §6.1).
    public static let passwordPolicyRequest = LDAPControl(oid: "1.3.6.1.4.1.42.2.27.8.5.1")
}
