/// How a connect went, step by step, on the way that every login takes; for `check`.
public struct LDAPConnectReport: Sendable {
    /// One step.
    public struct Step: Sendable {
        /// What was done.
        public enum Kind: String, Sendable, Hashable {
            case resolve, connect, tls
            case serviceBind = "service-bind"
        }

        /// What was done.
        public let kind: Kind
        /// How long it took.
        public let duration: Duration
        /// The addresses, the address connected to, the kind of TLS, or the identity.
        public let detail: String
        /// Nil when it went well.
        public let failure: LDAPError?

        init(_ kind: Kind, _ begun: ContinuousClock.Instant, _ detail: String, _ failure: LDAPError? = nil) {
            self.kind = kind
            duration = ContinuousClock.now - begun
            self.detail = detail
            self.failure = failure
        }
    }

    /// In order; the last one may have failed. A service identity that is refused is a step of its own.
    public let steps: [Step]
    /// Why no connection came about; nil when it did.
    public let failure: LDAPError?
    /// The certificates the server shows, its own first; empty without TLS, and when it did not come so far.
    public let chain: [PresentedCertificate]
    /// The protocol version agreed on, as “TLS 1.3”.
    public let tlsVersion: String?

    init(steps: [Step], failure: LDAPError?, chain: [PresentedCertificate] = [], tlsVersion: String? = nil) {
        self.steps = steps
        self.failure = failure
        self.chain = chain
        self.tlsVersion = tlsVersion
    }
}
