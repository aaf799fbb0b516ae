/// Something that happened to a host's connections, as it happens.
public enum LDAPHostEvent: Sendable {
    /// A connection was made; how long it took.
    case connected(after: Duration)
    /// A connection could not be made.
    case connectFailed(LDAPError)
    /// A connection that was open is lost.
    case lost(LDAPError)
}
