internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// The files of the TLS settings, read and checked before a handshake.
struct TLSFiles: Sendable {
    /// The trusted authorities, DER.
    let authorities: [[UInt8]]
    /// The file they come from.
    let authoritiesFile: String
    /// For the diagnosing handshake.
    let context: NIOSSLContext
    /// A client certificate is configured.
    let hasClientCertificate: Bool
    /// Told when the server asks for a client certificate.
    let requestedClientCertificate: TLSProbe.Flag

    /// Reads them on a thread that may block.
    static func load(_ tls: LDAPTLSSettings) async throws(TLSFailure) -> TLSFiles {
        do {
            return try await NIOThreadPool.singleton.runIfActive { try read(tls) }
        } catch let failure as TLSFailure {
            throw failure
        } catch {
            throw TLSFailure(.other, "the TLS settings could not be read: \(error)")
        }
    }

    private static func read(_ tls: LDAPTLSSettings) throws(TLSFailure) -> TLSFiles {
        let file = tls.caFile ?? LDAPHandle.systemAuthorities ?? ""
        var authorities: [[UInt8]] = []
        if tls.verifiesCertificate {
            guard !file.isEmpty else {
                throw TLSFailure(.files, "this machine has no bundle of authorities: install one, or name a CA file")
            }
            authorities = try certificates(in: file, of: "CA file").map(\.der)
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        // Lower than what is allowed, so that the version a server does offer can be named.
        configuration.minimumTLSVersion = .tlsv1
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates([])
        if let certificateFile = tls.clientCertificateFile {
            let chain = try certificates(in: certificateFile, of: "client certificate file")
            configuration.certificateChain = chain.map { .certificate($0.certificate) }
            let keyFile = tls.clientKeyFile ?? certificateFile
            try checkReadable(keyFile, of: "client key file")
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem))
            } catch { throw TLSFailure(.files, "the client key file \(keyFile) holds no PEM private key") }
        }
        let flag = TLSProbe.Flag()
        configuration.sslContextCallback = { _, promise in
            // BoringSSL calls this on a client exactly when the server has sent a CertificateRequest.
            flag.set()
            promise.succeed(.noChanges)
        }
        let context: NIOSSLContext
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            let keyFile = tls.clientKeyFile ?? tls.clientCertificateFile ?? ""
            throw TLSFailure(.files, "the client key \(keyFile) does not belong to the client certificate")
        }
        return TLSFiles(
            authorities: authorities,
            authoritiesFile: file,
            context: context,
            hasClientCertificate: tls.clientCertificateFile != nil,
            requestedClientCertificate: flag
        )
    }

    private static func checkReadable(_ file: String, of what: String) throws(TLSFailure) {
        let isReadable = unsafe access(file, R_OK) == 0
        guard isReadable else {
            let why = unsafe String(cString: strerror(errno))
            throw TLSFailure(.files, "the \(what) \(file) cannot be read: \(why)")
        }
    }

    private static func certificates(
        in file: String,
        of what: String
    ) throws(TLSFailure) -> [(certificate: NIOSSLCertificate, der: [UInt8])] {
        try checkReadable(file, of: what)
        do {
            let certificates = try NIOSSLCertificate.fromPEMFile(file)
            if !certificates.isEmpty { return try certificates.map { ($0, try $0.toDERBytes()) } }
        } catch {}
        throw TLSFailure(.files, "the \(what) \(file) holds no PEM certificate")
    }
}
