/// Finds out why a TLS handshake failed.
///
/// libldap's TLS library says "(unknown error code)" for an expired certificate, an unknown authority and a wrong name alike.
/// So, after a failure, this makes a handshake of its own with another library that hands over the certificates whatever they
/// are, and judges them. Nothing is sent beyond StartTLS and a read of the root DSE; no credential is involved.
/// Callers limit how often they ask (`DiagnosisLimiter`).
public enum TLSDiagnosis {
    /// What a handshake showed.
    public struct Report: Sendable {
        /// The server's certificates, its own first.
        public var chain: [PresentedCertificate]
        /// The protocol version agreed on, as "TLS 1.3"; nil when it did not come so far.
        public var version: String?
        /// What is wrong; nil when everything was in order.
        public var failure: TLSFailure?
    }

    /// The cause of a failed handshake; nil when a handshake with these settings succeeds now.
    ///
    /// - Parameter deadline: bounds everything but the reading of local files, name resolution included.
    public static func diagnose(
        url: LDAPURL,
        startTLS: Bool,
        tls: LDAPTLSSettings,
        deadline: ContinuousClock.Instant
    ) async -> TLSFailure? {
        await inspect(url: url, startTLS: startTLS, tls: tls, deadline: deadline).failure
    }

    /// The chain, the version and what is wrong with them, for `check`.
    ///
    /// - Parameter deadline: bounds everything but the reading of local files, name resolution included.
    public static func inspect(
        url: LDAPURL,
        startTLS: Bool,
        tls: LDAPTLSSettings,
        deadline: ContinuousClock.Instant
    ) async -> Report {
        guard url.scheme == .ldaps || (url.scheme == .ldap && startTLS) else { return Report(chain: []) }
        let files: TLSFiles
        do throws(TLSFailure) {
            files = try await TLSFiles.load(tls)
        } catch { return Report(chain: [], failure: error) }

        let outcome = await TLSProbe(url: url, startTLS: startTLS, files: files).run(until: deadline)
        let judgement = TLSJudgement(url: url, startTLS: startTLS, tls: tls, files: files)
        var report = Report(chain: judgement.presented(outcome.chain), version: outcome.version.map(TLSJudgement.name))
        report.failure = await judgement.failure(in: outcome)?.with(report.chain)
        return report
    }
}
