/// A change of one entry.
public enum LDAPChange: Sendable {
    /// The password modify operation (RFC 3062).
    ///
    /// - Parameters:
    ///   - user: whose password it is, mostly a DN; nil means that of who is bound.
    ///   - old: the present one, for servers that want it; nil leaves it out.
    case password(user: String?, old: (any LDAPCredential)?, new: any LDAPCredential)

    /// A modify operation (RFC 4511 §4.6).
    case modify(dn: String, [Modification])

    /// One step of a modify operation. Values are lent octets, because they may be passwords.
    public struct Modification: Sendable {
        /// What is done with the values.
        public enum Operation: Sendable, Hashable {
            case add, delete, replace
        }

        /// What is done.
        public var operation: Operation
        /// The name of the attribute.
        public var attribute: String
        /// The values; none with `delete` means all.
        public var values: [any LDAPCredential]

        /// One step.
        public init(_ operation: Operation, _ attribute: String, _ values: [any LDAPCredential]) {
            self.operation = operation
            self.attribute = attribute
            self.values = values
        }
    }
}

/// What a server said to a change.
public struct ChangeResponse: Sendable, Hashable {
    /// 0 is success.
    public var resultCode: LDAPResultCode
    /// As the server sent it; for logs, and where a code says too little.
    public var diagnosticMessage: String
    /// Response controls (password policy).
    public let controls: [LDAPControl]
    /// What the controls say of the password; nil when they say nothing.
    public let passwordPolicy: PasswordPolicyControl?
    /// The host that answered.
    public var host: String

    /// An answer.
    public init(resultCode: LDAPResultCode, diagnosticMessage: String, controls: [LDAPControl] = [], host: String) {
        self.resultCode = resultCode
        self.diagnosticMessage = diagnosticMessage
        self.controls = controls
        passwordPolicy = PasswordPolicyControl(controls)
        self.host = host
    }
}
