/// Why the server could not start or take over new settings.
public struct HTTPServerError: Error, Sendable, CustomStringConvertible, Equatable {
    /// The kinds of failure.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// A stable name.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// An address to listen on, or a range, that cannot be read.
        public static let invalidAddress = Code("invalidAddress")
        /// An address that cannot be listened on.
        public static let cannotListen = Code("cannotListen")
        /// A certificate or a private key that cannot be used.
        public static let certificate = Code("certificate")
    }

    /// The kind of failure.
    public let code: Code
    /// A sentence that names the address or the file.
    public let reason: String
    /// What the system or a library said.
    public let cause: (any Error)?

    /// A failure.
    public init(_ code: Code, _ reason: String, cause: (any Error)? = nil) {
        self.code = code
        self.reason = reason
        self.cause = cause
    }

    /// The sentence.
    public var description: String { reason }

    /// Equal when the codes are.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
