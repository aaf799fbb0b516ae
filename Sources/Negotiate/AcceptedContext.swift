/// A ticket that was accepted.
public struct AcceptedContext: Sendable, Hashable {
    /// Whose ticket it is.
    public let principal: KerberosPrincipal
    /// What proves to the client that it talks to the right server (mutual authentication); nil when it asked for no proof.
    public let reply: [UInt8]?
    /// True when the ticket was bound to the TLS connection, and it was the right one.
    public let isBound: Bool
}
