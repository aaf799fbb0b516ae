/// Certificates of a 389 Directory Server, which keeps them in a database of NSS.
extension DirectoryServer389 {
    /// Puts certificate and key into the database of an instance that is not running.
    static func importCertificate(
        _ certificate: CertificateAuthority.Certificate,
        into folder: TemporaryDirectory
    ) async throws {
        let database = folder.path(of: "cert")
        let bundle = folder.path(of: "tmp/server.p12")
        let commands: [(String, [String])] = [
            ("certutil", ["-N", "-d", database, "--empty-password"]),
            (
                "openssl",
                ["pkcs12", "-export", "-in", certificate.certificateFile, "-inkey", certificate.keyFile]
                    + ["-name", "Server-Cert", "-passout", "pass:bundle", "-out", bundle]
            ),
            ("pk12util", ["-i", bundle, "-d", database, "-W", "bundle", "-K", ""]),
        ]
        for (command, arguments) in commands {
            let outcome = try await ChildProcess.run(command, arguments)
            guard outcome.succeeded else {
                throw TestSupportError("\(command): \(outcome.output)\(outcome.errorOutput)")
            }
        }
    }

    /// Listens with TLS, which takes a restart; that the certificate is called Server-Cert, the template says already.
    func switchOnTLS() async throws {
        try await modify(
            """
            dn: cn=config
            changetype: modify
            replace: nsslapd-security
            nsslapd-security: on
            -
            replace: nsslapd-secureport
            nsslapd-secureport: \(ldapsPort)
            -
            replace: nsslapd-securelistenhost
            nsslapd-securelistenhost: 127.0.0.1


            """
        )
        try await restart()
    }
}
