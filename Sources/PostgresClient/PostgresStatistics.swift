/// What a client did, and does now.
public struct PostgresStatistics: Sendable, Hashable {
    /// Connections made.
    public var opened: UInt64 = 0
    /// Connections lost or given up.
    public var lost: UInt64 = 0
    /// Segments sent: a transaction in one piece is one, a step of a leased one is one each.
    public var segments: UInt64 = 0
    /// Connections now.
    public var connections = 0
    /// Callers waiting for a connection now.
    public var waiting = 0
    /// Callers waiting for anything now.
    public var inFlight = 0

    /// Nothing done yet.
    public init() {}
}
