/// Who the service connections are bound as.
public enum ServiceIdentity: Sendable {
    /// No bind at all.
    case anonymous
    /// A simple bind; the credential is asked for at each connect, so that a rotated file is read anew.
    case simple(dn: String, credential: @Sendable () throws -> any LDAPCredential)
    /// SASL EXTERNAL: a client certificate or the peer of a Unix socket.
    case external
}

extension ServiceIdentity: CustomStringConvertible {
    /// Who, without the password.
    public var description: String {
        switch self {
        case .anonymous: "anonymous"
        case .simple(let dn, _): dn
        case .external: "SASL EXTERNAL"
        }
    }
}
