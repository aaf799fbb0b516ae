/// Why a token is not accepted.
public struct NegotiateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// In lower case with hyphens, for logs.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The token is cut short, or none at all.
        public static let malformedToken = Code("malformed-token")
        /// An NTLM message, which is never accepted.
        public static let ntlm = Code("ntlm")
        /// Another mechanism than Kerberos.
        public static let unsupportedMechanism = Code("unsupported-mechanism")
        /// The mechanism wants a second exchange.
        public static let anotherLegNeeded = Code("another-leg-needed")
        /// The clocks of client and server differ by more than the tolerance (RFC 4120 §3.2.3).
        public static let clockSkew = Code("clock-skew")
        /// The ticket has ended.
        public static let ticketExpired = Code("ticket-expired")
        /// The ticket begins later.
        public static let ticketNotYetValid = Code("ticket-not-yet-valid")
        /// The authenticator was seen before.
        public static let replay = Code("replay")
        /// The ticket's key has a version that the keytab does not hold.
        public static let wrongKeyVersion = Code("wrong-key-version")
        /// The keytab's key of that version is another one.
        public static let wrongKey = Code("wrong-key")
        /// The ticket is for a service whose key is not in the keytab, or not for this service.
        public static let otherService = Code("other-service")
        /// The ticket is bound to another TLS connection.
        public static let channelBindingMismatch = Code("channel-binding-mismatch")
        /// A ticket bound to the TLS connection is required, and this is none.
        public static let channelBindingMissing = Code("channel-binding-missing")
        /// The keytab cannot be read or has no key for the service.
        public static let keytab = Code("keytab")
        /// The replay cache cannot be used, so no ticket can be judged.
        public static let replayCache = Code("replay-cache")
        /// The KDC did not answer, or not as asked.
        public static let kdc = Code("kdc")
        /// Anything else; the message says what the library says.
        public static let other = Code("other")
    }

    /// What kind.
    public let code: Code
    /// A sentence for the operator: the cause, without any key or token.
    public let message: String

    /// A KDC that did not answer in time.
    public static let silentKDC = NegotiateError(.kdc, "no KDC answered in time")

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence, with what helps.
    public var description: String {
        remedy.map { "\(message); \($0)" } ?? message
    }

    /// What the operator can do; nil when there is nothing but to look at the client.
    public var remedy: String? {
        switch code {
        case .clockSkew: "set the clocks of this machine, the client and the KDC (they may differ by five minutes)"
        case .wrongKeyVersion, .wrongKey:
            "the service's key was changed: write the keytab anew, or let the client get a new ticket"
        case .otherService: "add that principal's key to the keytab, or let the client use a name that is in it"
        default: nil
        }
    }

    /// True when no token at all can be judged now, which is no refusal of this one.
    public var isOutage: Bool { code == .keytab || code == .replayCache }

    /// Equal by code.
    public static func == (left: NegotiateError, right: NegotiateError) -> Bool { left.code == right.code }
    /// By code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
