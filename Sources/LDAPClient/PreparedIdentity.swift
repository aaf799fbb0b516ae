import EventPoller

/// A service identity with its password read, about to be tried.
struct PreparedIdentity: Sendable {
    let identity: ServiceIdentity
    /// Its place among the identities configured.
    let position: Int
    let credential: (any LDAPCredential)?
    /// Tells one password from the next, without being one.
    let fingerprint: Int

    init(_ identity: ServiceIdentity, position: Int, credential: (any LDAPCredential)?) {
        self.identity = identity
        self.position = position
        self.credential = credential
        fingerprint = if let credential { Self.fingerprint(credential) } else { 0 }
    }

    /// Keyed anew by each process, so that it says nothing outside.
    static func fingerprint(_ credential: some LDAPCredential) -> Int {
        unsafe credential.withUnsafeBytes { octets in
            var hasher = Hasher()
            unsafe hasher.combine(bytes: octets)
            return hasher.finalize()
        }
    }
}

/// A service account that a server refused, or that could not be tried.
public struct LDAPServiceRefusal: Sendable, Hashable {
    /// Who.
    public let dn: String
    /// 0 for the first identity configured, 1 for the next.
    public let position: Int
    /// What the server said, or why nobody asked it.
    public let reason: String
    /// The server's result code; nil when the password could not be read.
    public let resultCode: LDAPResultCode?
    /// When it is tried again; nil when that depends on nothing but the file.
    public let retryAfter: Duration?
}
