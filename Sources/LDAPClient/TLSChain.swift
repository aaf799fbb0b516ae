internal import FoundationEssentials
internal import Glibc
internal import SwiftASN1
internal import X509

/// Judges a server's certificates the way libldap's library does: dates, names, authority.
struct TLSChain {
    let url: LDAPURL
    let chain: [Certificate]
    let isComplete: Bool
    let authorities: [Certificate]
    let file: String

    init(url: LDAPURL, der: [[UInt8]], authorities: [[UInt8]], file: String) {
        self.url = url
        self.file = file
        chain = Self.certificates(der)
        isComplete = chain.count == der.count
        self.authorities = Self.certificates(authorities)
    }

    /// Those of the certificates that can be read.
    static func certificates(_ der: [[UInt8]]) -> [Certificate] {
        der.compactMap { try? Certificate(derEncoded: $0) }
    }

    /// What is wrong; nil when the chain is good.
    func failure() async -> TLSFailure? {
        guard isComplete, let leaf = chain.first else {
            return TLSFailure(.invalidChain, "the server's certificate cannot be read")
        }
        // Who signed comes last: an administrator who sees "expired" renews, and one who sees "unknown" would install a
        // certificate that is of no use either.
        if let failure = dateFailure(chain) ?? nameFailure(leaf) { return failure }
        return await trustFailure(leaf)
    }

    private func dateFailure(_ certificates: [Certificate], now: Date = Date()) -> TLSFailure? {
        for (index, certificate) in certificates.enumerated() {
            let shown = PresentedCertificate(certificate)
            let what =
                index == 0
                ? "the certificate" : "the certificate of “\(Certificate.shortName(of: certificate.subject))”"
            if certificate.notValidAfter < now {
                return TLSFailure(.expired, "\(what) expired on \(shown.notAfterDay)")
            }
            if certificate.notValidBefore > now {
                let day = PresentedCertificate.day(shown.notBefore)
                return TLSFailure(.notYetValid, "\(what) is not valid before \(day)")
            }
        }
        return nil
    }

    private func nameFailure(_ leaf: Certificate) -> TLSFailure? {
        let names = leaf.hostNames
        if expectedNames.contains(where: { TLSNameMatching.matches($0, names: names, commonName: leaf.commonName) }) {
            return nil
        }
        let shown = names.isEmpty ? [leaf.commonName ?? "nobody"] : names
        let list = shown.prefix(5).joined(separator: ", ") + (shown.count > 5 ? ", …" : "")
        let remark =
            url.host == "localhost" ? " (for “localhost” the machine's own name, \(Self.machineName), is compared)" : ""
        return TLSFailure(.wrongName, "the certificate is for \(list), not for \(url.host)\(remark)")
    }

    /// libldap compares the machine's own name where the URL says `localhost`.
    private var expectedNames: [String] {
        url.host == "localhost" ? [Self.machineName, "localhost"] : [url.host]
    }

    private static var machineName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        let isRead = unsafe gethostname(&buffer, buffer.count - 1) == 0
        guard isRead else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func trustFailure(_ leaf: Certificate) async -> TLSFailure? {
        let critical = (chain + authorities).flatMap { $0.extensions.filter(\.critical).map(\.oid) }
        var anyRules = Verifier(rootCertificates: CertificateStore(authorities)) { SignaturesOnly(critical: critical) }
        let intermediates = CertificateStore(chain.dropFirst())
        guard case .validCertificate(let path) = await anyRules.validate(leaf: leaf, intermediates: intermediates)
        else {
            return untrusted(leaf)
        }
        if let failure = dateFailure(Array(path)) { return failure }
        var rules = Verifier(rootCertificates: CertificateStore(authorities)) { RFC5280Policy() }
        if case .couldNotValidate(let failures) = await rules.validate(leaf: leaf, intermediates: intermediates),
            let first = failures.first
        {
            return TLSFailure(.invalidChain, "the certificate breaks the rules: \(first.policyFailureReason)")
        }
        return nil
    }

    /// Follows the chain as far as the server showed it and names the signer that is missing.
    private func untrusted(_ leaf: Certificate) -> TLSFailure {
        var top = leaf
        var seen = 0
        while let next = chain.first(where: { $0.subject == top.issuer && $0 != top }), seen < chain.count {
            if authorities.contains(where: { $0.subject == top.issuer }) { break }
            top = next
            seen += 1
        }
        let issuer = Certificate.shortName(of: top.issuer)
        if authorities.contains(where: { $0.subject == top.issuer }) {
            return TLSFailure(
                .unknownAuthority,
                "the certificate was issued by an authority named “\(issuer)”, but not by the one of that name in \(file)"
            )
        }
        if top.issuer == top.subject, top == leaf {
            return TLSFailure(.unknownAuthority, "the certificate is self-signed, and it is not in \(file)")
        }
        return TLSFailure(.unknownAuthority, "the certificate was issued by “\(issuer)”, which is not in \(file)")
    }
}

/// Accepts every chain whose signatures hold.
private struct SignaturesOnly: VerifierPolicy {
    let critical: [ASN1ObjectIdentifier]

    var verifyingCriticalExtensions: [ASN1ObjectIdentifier] { critical }

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) async -> PolicyEvaluationResult {
        .meetsPolicy
    }
}
