internal import FoundationEssentials
internal import Glibc
internal import NIOSSL
internal import X509

/// Says in a sentence what a handshake showed to be wrong, the nearest cause first.
struct TLSJudgement {
    let url: LDAPURL
    let startTLS: Bool
    let tls: LDAPTLSSettings
    let files: TLSFiles

    /// The chain for people to read; what cannot be parsed is left out.
    func presented(_ chain: [[UInt8]]) -> [PresentedCertificate] {
        TLSChain.certificates(chain).map(PresentedCertificate.init)
    }

    /// The cause; nil when nothing is wrong.
    func failure(in outcome: TLSProbe.Outcome) async -> TLSFailure? {
        if let failure = beforeTLS(outcome) { return failure }
        if let version = outcome.version, Self.number(version) < minimum {
            return TLSFailure(
                .noCommonParameters,
                "no common TLS version (the server offers at most \(Self.name(version)), "
                    + "min_tls is \(tls.minimumVersion.rawValue))"
            )
        }
        if tls.verifiesCertificate, !outcome.chain.isEmpty {
            let chain = TLSChain(
                url: url,
                der: outcome.chain,
                authorities: files.authorities,
                file: files.authoritiesFile
            )
            if let failure = await chain.failure() { return failure }
        }
        return afterCertificate(outcome)
    }

    private func beforeTLS(_ outcome: TLSProbe.Outcome) -> TLSFailure? {
        switch outcome.ending {
        case .unreachable(let why):
            return TLSFailure(.connection, "no connection to \(url): \(why)")
        case .startTLSRefused(let code, let text):
            let detail = text.isEmpty ? "" : ", “\(text.prefix(200))”"
            return TLSFailure(.noTLS, "the server refuses StartTLS (result \(code)\(detail))")
        case .timedOut where !outcome.isConnected:
            return TLSFailure(.timeout, "no connection to \(url) in time")
        case .timedOut where outcome.chain.isEmpty:
            return TLSFailure(
                .timeout,
                "the server accepted the connection but did not answer the \(startTLS ? "StartTLS request" : "TLS handshake")"
                    + " in time"
            )
        case .garbage:
            return TLSFailure(.noTLS, "the server spoke no LDAP")
        case .closed where !outcome.sawTLS:
            return TLSFailure(
                .noTLS,
                startTLS
                    ? "the server closed the connection instead of starting TLS"
                    : "the server spoke no TLS: it closed the connection when the handshake began "
                        + "(is \(url.port) its port for ldaps?)"
            )
        case .failed where !outcome.sawTLS:
            return TLSFailure(
                .noTLS,
                startTLS ? "the server spoke no TLS" : "the server spoke no TLS (is \(url.port) its port for ldaps?)"
            )
        default: return nil
        }
    }

    /// The certificate is good, or the handshake ended before it was shown.
    private func afterCertificate(_ outcome: TLSProbe.Outcome) -> TLSFailure? {
        switch outcome.ending {
        case .failed(let errors):
            let text = errors.joined(separator: " ")
            if outcome.requestedClientCertificate || text.contains("CERTIFICATE_REQUIRED") {
                return clientCertificateFailure
            }
            if text.contains("PROTOCOL_VERSION") || text.contains("UNSUPPORTED_PROTOCOL") {
                return TLSFailure(.noCommonParameters, "no common TLS version")
            }
            if text.contains("HANDSHAKE_FAILURE") || text.contains("NO_SHARED_CIPHER") || text.contains("CIPHER") {
                return TLSFailure(.noCommonParameters, "the server found no TLS version or cipher in common")
            }
            return TLSFailure(.other, "the TLS handshake failed: \(text.prefix(300))")
        case .closed:
            if outcome.requestedClientCertificate { return clientCertificateFailure }
            return TLSFailure(.connection, "the server closed the connection during the TLS handshake")
        case .timedOut where !outcome.hasHandshake:
            return TLSFailure(.timeout, "the TLS handshake was not finished in time")
        default: return nil
        }
    }

    private var clientCertificateFailure: TLSFailure {
        TLSFailure(
            .clientCertificate,
            files.hasClientCertificate
                ? "the server does not accept the client certificate \(tls.clientCertificateFile ?? "")"
                : "the server asks for a client certificate, and none is configured"
        )
    }

    private var minimum: Int { tls.minimumVersion == .tls13 ? 13 : 12 }

    private static func number(_ version: TLSVersion) -> Int {
        switch version {
        case .tlsv1: 10
        case .tlsv11: 11
        case .tlsv12: 12
        case .tlsv13: 13
        }
    }

    /// "TLS 1.2"
    static func name(_ version: TLSVersion) -> String { "TLS 1.\(number(version) - 10)" }
}
