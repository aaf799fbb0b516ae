internal import Crypto
internal import SwiftASN1
internal import X509

/// The channel binding `tls-server-end-point` (RFC 5929 §4): a hash of the server's certificate.
enum TLSEndPoint {
    /// The hash of a certificate in DER.
    ///
    /// With the hash function of the certificate's signature, but SHA-256 in place of MD5 and SHA-1. For a signature
    /// without a hash function of its own (Ed25519, RSASSA-PSS) the RFC defines nothing; SHA-256 is what OpenSSL takes.
    /// So does a certificate that this parser, stricter than the TLS library, cannot read.
    static func hash(ofCertificate octets: [UInt8]) -> [UInt8] {
        let certificate = try? Certificate(derEncoded: octets)
        switch certificate?.signatureAlgorithm {
        case .ecdsaWithSHA384, .sha384WithRSAEncryption: return Array(SHA384.hash(data: octets))
        case .ecdsaWithSHA512, .sha512WithRSAEncryption: return Array(SHA512.hash(data: octets))
        default: return Array(SHA256.hash(data: octets))
        }
    }
}
