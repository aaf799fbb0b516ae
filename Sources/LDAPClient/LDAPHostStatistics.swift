/// What one host's connections are doing now, and what has happened since the start; for metrics.
public struct LDAPHostStatistics: Sendable, Hashable {
    /// Service connections that are open.
    public var serviceOpen = 0
    /// Searches on them without an answer yet.
    public var serviceInFlight = 0
    /// Searches that wait for the first service connection.
    public var serviceWaiting = 0
    /// Bind connections that are open.
    public var bindOpen = 0
    /// Those lent to a bind.
    public var bindInUse = 0
    /// Those that wait for one.
    public var bindIdle = 0
    /// Binds that wait for a connection.
    public var bindWaiting = 0
    /// Connections attempted, of both kinds.
    public var dials: UInt64 = 0
    /// Attempts that failed.
    public var dialFailures: UInt64 = 0
    /// Connections lost or closed by the server.
    public var losses: UInt64 = 0
    /// Until when the certificate is valid that the host showed last, in seconds since 1970; nil without TLS.
    public var certificateExpiry: Int64?

    /// Nothing done yet.
    public init() {}
}
