/// Whether a ticket must belong to the TLS connection it comes over (RFC 5056), which stops one who relays it.
public enum ChannelBindingPolicy: String, Sendable, Hashable, CaseIterable {
    /// Bindings are not looked at.
    case none
    /// A client that sends bindings must send the right ones; a client may send none.
    case allow
    /// Every client must send the right ones.
    case require
}
