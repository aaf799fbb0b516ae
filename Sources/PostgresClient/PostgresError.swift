/// A call that did not complete.
public struct PostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// In lower case with hyphens, for metrics and logs.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The URL or a value cannot be sent as it is.
        public static let invalidArgument = Code("invalid-argument")
        /// No host has an address, accepts, or is what `target_session_attrs` asks for; or not in time.
        public static let connect = Code("connect")
        /// The TLS handshake failed, or the certificate is not trusted.
        public static let tls = Code("tls")
        /// The server refused the user, the password or the database.
        public static let authentication = Code("authentication")
        /// The connection was lost, or given up, with the request on its way.
        public static let connectionLost = Code("connection-lost")
        /// The deadline passed.
        public static let timeout = Code("timeout")
        /// The server answered with an error; see `sqlState`.
        public static let server = Code("server")
        /// Too many callers wait, or the pool of blocking threads is full.
        public static let overloaded = Code("overloaded")
        /// The task was cancelled.
        public static let cancelled = Code("cancelled")
        /// The client was closed.
        public static let closed = Code("closed")
    }

    /// What kind.
    public let code: Code
    /// A sentence for the operator. Never a password, never a bound value.
    public let message: String
    /// The five characters of the server's error code (PostgreSQL manual, appendix A); nil when it is not the server's.
    public let sqlState: String?
    /// The constraint that was violated, where one was.
    public let constraint: String?
    /// False when the server certainly never saw the request, or nothing of its transaction can remain: it may be sent again.
    public let requestWasWritten: Bool

    /// A failure.
    public init(
        _ code: Code,
        _ message: String,
        sqlState: String? = nil,
        constraint: String? = nil,
        requestWasWritten: Bool = false
    ) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
        self.constraint = constraint
        self.requestWasWritten = requestWasWritten
    }

    /// True when nothing of the transaction remains and the same transaction may succeed the next time: a serialization
    /// failure, a deadlock, a plan that the schema has outrun, or a connection that was lost before the request or the COMMIT went out.
    public var mayBeRepeated: Bool {
        switch sqlState {
        case "40001", "40P01": true
        case "26000", "0A000": isStalePlan
        default: code == .connectionLost && !requestWasWritten
        }
    }

    /// The connection's prepared statements do not fit the database any more.
    var isStalePlan: Bool {
        sqlState == "26000" || (sqlState == "0A000" && message.contains("cached plan"))
    }

    /// The server goes away, or has become a standby: the connection is of no use any more.
    var spoilsConnection: Bool {
        guard let sqlState else { return false }
        return isStalePlan || sqlState == "25006" || sqlState.hasPrefix("57P")
    }

    func with(requestWasWritten: Bool) -> PostgresError {
        PostgresError(
            code,
            message,
            sqlState: sqlState,
            constraint: constraint,
            requestWasWritten: requestWasWritten
        )
    }

    /// The sentence.
    public var description: String { message }

    /// Equal by code and SQLSTATE.
    public static func == (left: PostgresError, right: PostgresError) -> Bool {
        left.code == right.code && left.sqlState == right.sqlState
    }

    /// By code and SQLSTATE.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(sqlState)
    }
}
