/// Why TLS with a directory does not come about, said for the person who can mend it.
public struct TLSFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of cause.
    public struct Reason: Sendable, Hashable, CustomStringConvertible {
        /// In lower case with hyphens.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The certificate, or one above it, is out of date.
        public static let expired = Reason("expired")
        /// The certificate, or one above it, is not valid yet.
        public static let notYetValid = Reason("not-yet-valid")
        /// The certificate is for other names.
        public static let wrongName = Reason("wrong-name")
        /// Nobody trusted has signed it.
        public static let unknownAuthority = Reason("unknown-authority")
        /// The chain breaks another rule of RFC 5280.
        public static let invalidChain = Reason("invalid-chain")
        /// What answers speaks no TLS, or refuses StartTLS.
        public static let noTLS = Reason("no-tls")
        /// No protocol version or cipher in common.
        public static let noCommonParameters = Reason("no-common-parameters")
        /// The server asks for a client certificate, or refuses ours.
        public static let clientCertificate = Reason("client-certificate")
        /// A file of the TLS settings cannot be used.
        public static let files = Reason("files")
        /// No connection, or it was lost.
        public static let connection = Reason("connection")
        /// No answer in time.
        public static let timeout = Reason("timeout")
        /// Anything else.
        public static let other = Reason("other")
    }

    /// What kind of cause.
    public let reason: Reason
    /// The cause, without a capital letter or a full stop: "the certificate expired on 2026-01-02".
    public let sentence: String
    /// What the server showed, its own certificate first; empty when it did not come so far.
    public let chain: [PresentedCertificate]

    /// A failure.
    public init(_ reason: Reason, _ sentence: String, chain: [PresentedCertificate] = []) {
        self.reason = reason
        self.sentence = sentence
        self.chain = chain
    }

    /// The cause.
    public var description: String { sentence }

    func with(_ chain: [PresentedCertificate]) -> TLSFailure { TLSFailure(reason, sentence, chain: chain) }
}
