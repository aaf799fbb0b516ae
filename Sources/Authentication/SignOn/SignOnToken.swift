/// What somebody shows instead of a password: a proof made by an authority that this service trusts, such as a Kerberos
/// ticket. Good for one use.
public struct SignOnToken: Sendable {
    /// As the authority's protocol has it.
    public var octets: [UInt8]

    /// The `tls-server-end-point` of the connection it came over (RFC 5929 §4); nil without TLS of our own.
    public var endPoint: [UInt8]?

    /// A proof.
    public init(_ octets: [UInt8], endPoint: [UInt8]? = nil) {
        self.octets = octets
        self.endPoint = endPoint
    }
}
