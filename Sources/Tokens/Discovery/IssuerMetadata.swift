/// What the discovery documents tell of the issuer (RFC 8414 §2), as far as tokens decide it; the paths are HTTPAPI's.
public struct IssuerMetadata: Sendable, Hashable {
    /// `issuer`, which every path follows.
    public var issuer: String
    /// `grant_types_supported`: what at least one client may use.
    public var grants: [Grant]
    /// The signature algorithms of the keys in the key set, the one in use first.
    public var algorithms: [String]

    /// An issuer.
    public init(issuer: String, grants: [Grant], algorithms: [String]) {
        self.issuer = issuer
        self.grants = grants
        self.algorithms = algorithms
    }
}
