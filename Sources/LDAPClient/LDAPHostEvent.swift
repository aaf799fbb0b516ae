/// Something that happened to a host's connections, as it happens.
public enum LDAPHostEvent: Sendable {
    /// A connection was made; how long it took.
    case connected(after: Duration)
    /// A connection could not be made.
    case connectFailed(LDAPError)
    /// A connection that was open is lost.
    case lost(LDAPError)
    /// A service account was refused, or its password cannot be read.
    case serviceRefused(LDAPServiceRefusal)
    /// A service connection was bound: as whom, and at which place of the identities configured.
    case serviceAccepted(dn: String, position: Int)
}
