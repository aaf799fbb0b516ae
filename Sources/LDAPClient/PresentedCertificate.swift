internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// A certificate as a server showed it, for people to read.
public struct PresentedCertificate: Sendable, Hashable {
    /// Whom it is about (RFC 4514).
    public let subject: String
    /// Who signed it.
    public let issuer: String
    /// Seconds since 1970 from which it is valid.
    public let notBefore: Int64
    /// Seconds since 1970 until which it is valid.
    public let notAfter: Int64
    /// DNS names and addresses it is for.
    public let names: [String]

    /// A certificate's description.
    public init(subject: String, issuer: String, notBefore: Int64, notAfter: Int64, names: [String]) {
        self.subject = subject
        self.issuer = issuer
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.names = names
    }

    /// The last day of its validity as `2026-01-02`, in UTC.
    public var notAfterDay: String { Self.day(notAfter) }

    init(_ certificate: Certificate) {
        self.init(
            subject: "\(certificate.subject)",
            issuer: "\(certificate.issuer)",
            notBefore: Int64(certificate.notValidBefore.timeIntervalSince1970),
            notAfter: Int64(certificate.notValidAfter.timeIntervalSince1970),
            names: certificate.hostNames
        )
    }

    static func day(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(Date.ISO8601FormatStyle().year().month().day())
    }
}

extension Certificate {
    /// DNS names and addresses of the subject alternative names, as text.
    var hostNames: [String] {
        guard let names = try? extensions.subjectAlternativeNames else { return [] }
        return names.compactMap { name in
            switch name {
            case .dnsName(let text): text
            case .ipAddress(let address): Self.addressText(Array(address.bytes))
            default: nil
            }
        }
    }

    /// The common name of the subject; nil when it has none.
    var commonName: String? { Self.commonName(of: subject) }

    /// The common name inside a name, or the whole name.
    static func shortName(of name: X509.DistinguishedName) -> String { commonName(of: name) ?? "\(name)" }

    private static func commonName(of name: X509.DistinguishedName) -> String? {
        for rdn in name {
            for attribute in rdn where attribute.type == .RDNAttributeType.commonName { return "\(attribute.value)" }
        }
        return nil
    }

    private static func addressText(_ octets: [UInt8]) -> String? {
        if octets.count == 4 { return octets.map { String($0) }.joined(separator: ".") }
        guard octets.count == 16 else { return nil }
        return IPAddressText.text(octets)
    }
}
