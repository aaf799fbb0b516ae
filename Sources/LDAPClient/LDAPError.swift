/// A call that did not complete. A bind that the server refused is no error but a `BindResponse` with a result code.
public struct LDAPError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// In lower case with hyphens, for metrics and logs.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The URL, filter or DN cannot be read.
        public static let invalidArgument = Code("invalid-argument")
        /// The host name has no address.
        public static let nameResolution = Code("name-resolution")
        /// Nothing accepts there, or not in time.
        public static let connect = Code("connect")
        /// The TLS handshake failed; `message` names the cause.
        public static let tls = Code("tls")
        /// The connection was lost, or the peer sent what is no LDAP.
        public static let connectionLost = Code("connection-lost")
        /// The deadline passed.
        public static let timeout = Code("timeout")
        /// The server answered a search or an extended operation with a result code that is not success.
        public static let result = Code("result")
        /// The answer to a search takes more memory than allowed; the search was abandoned.
        public static let responseTooLarge = Code("response-too-large")
        /// The service account was refused, or could not be bound.
        public static let serviceBind = Code("service-bind")
        /// Every connection is lent out and the queue is full, or the pool for blocking work is.
        public static let overloaded = Code("overloaded")
        /// The task was cancelled; the operation was abandoned.
        public static let cancelled = Code("cancelled")
        /// The client was shut down.
        public static let shutDown = Code("shut-down")
    }

    /// What kind.
    public let code: Code
    /// A sentence for the operator: the cause and where. Never a password, never a whole filter.
    public let message: String
    /// The server's result code when `code` is `.result` or `.serviceBind`.
    public let resultCode: LDAPResultCode?
    /// False when the request certainly never left this machine, so that another host may be asked (decision 3).
    public let requestWasWritten: Bool

    /// A TLS library gave up, and said little of why: `TLSDiagnosis` may know more.
    var isHandshakeFailure = false

    /// A failure.
    public init(
        _ code: Code,
        _ message: String,
        resultCode: LDAPResultCode? = nil,
        requestWasWritten: Bool = false
    ) {
        self.code = code
        self.message = message
        self.resultCode = resultCode
        self.requestWasWritten = requestWasWritten
    }

    /// The sentence.
    public var description: String { message }

    /// Equal by code.
    public static func == (left: LDAPError, right: LDAPError) -> Bool { left.code == right.code }
    /// By code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
