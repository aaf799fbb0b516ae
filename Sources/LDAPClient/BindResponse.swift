/// What a server said to a bind.
public struct BindResponse: Sendable, Hashable {
    /// 0 is success.
    public var resultCode: LDAPResultCode
    /// As the server sent it; for logs, and for Active Directory's `data XXX`.
    public var diagnosticMessage: String
    /// Response controls (password policy, expiry).
    public let controls: [LDAPControl]
    /// What the controls say of the password; nil when they say nothing.
    public let passwordPolicy: PasswordPolicyControl?
    /// The host that answered.
    public var host: String

    /// An answer.
    public init(resultCode: LDAPResultCode, diagnosticMessage: String, controls: [LDAPControl], host: String) {
        self.resultCode = resultCode
        self.diagnosticMessage = diagnosticMessage
        self.controls = controls
        passwordPolicy = PasswordPolicyControl(controls)
        self.host = host
    }
}
