/// TLS of one host, the same for ldaps and StartTLS.
public struct LDAPTLSSettings: Sendable, Hashable {
    /// The lowest protocol version accepted.
    public enum Version: String, Sendable, Hashable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    /// PEM file of the authorities trusted; nil means the system's.
    public var caFile: String?
    /// PEM file of the client's certificate chain.
    public var clientCertificateFile: String?
    /// PEM file of the client's key.
    public var clientKeyFile: String?
    /// The lowest protocol version accepted.
    public var minimumVersion: Version
    /// False accepts any certificate: spelled out, because it is unsafe.
    public var verifiesCertificate: Bool

    /// Verified against the system's authorities, TLS 1.2 and up.
    public init(
        caFile: String? = nil,
        clientCertificateFile: String? = nil,
        clientKeyFile: String? = nil,
        minimumVersion: Version = .tls12,
        verifiesCertificate: Bool = true
    ) {
        self.caFile = caFile
        self.clientCertificateFile = clientCertificateFile
        self.clientKeyFile = clientKeyFile
        self.minimumVersion = minimumVersion
        self.verifiesCertificate = verifiesCertificate
    }
}
