/// What one connection may cost: times, sizes and numbers of `[http]`.
public struct HTTPLimits: Sendable, Hashable {
    /// Octets of a request body; beyond it 413.
    public var maxBody: Int
    /// From the first octet of a request to the last of its answer.
    public var requestTimeout: Duration
    /// Between two requests, and before the first.
    public var idleTimeout: Duration
    /// For the TLS handshake.
    public var handshakeTimeout: Duration
    /// Connections over all listeners of a server; further ones are closed at once.
    public var maxConnections: Int
    /// How long requests in flight may take once a shutdown began.
    public var shutdownGrace: Duration
    /// Part of it: how long a client that had just connected may take to send its first request.
    public var lastCall = Duration.seconds(1)
    /// Octets of one header field, name and value.
    public var maxHeaderField: Int
    /// Octets of all header fields of a request together; beyond it 431.
    public var maxHeaders: Int
    /// Number of header fields of a request.
    public var maxHeaderFields: Int
    /// Connections the kernel keeps for us before they are accepted (listen(2)); it caps this at net.core.somaxconn.
    public var backlog: Int

    /// The defaults of the configuration.
    public init(
        maxBody: Int = 64 * 1024,
        requestTimeout: Duration = .seconds(30),
        idleTimeout: Duration = .seconds(60),
        handshakeTimeout: Duration = .seconds(10),
        maxConnections: Int = 10_000,
        shutdownGrace: Duration = .seconds(20),
        maxHeaderField: Int = 32 * 1024,
        maxHeaders: Int = 64 * 1024,
        maxHeaderFields: Int = 100,
        backlog: Int = 4096
    ) {
        self.maxBody = maxBody
        self.requestTimeout = requestTimeout
        self.idleTimeout = idleTimeout
        self.handshakeTimeout = handshakeTimeout
        self.maxConnections = maxConnections
        self.shutdownGrace = shutdownGrace
        self.maxHeaderField = maxHeaderField
        self.maxHeaders = maxHeaders
        self.maxHeaderFields = maxHeaderFields
        self.backlog = backlog
    }
}
