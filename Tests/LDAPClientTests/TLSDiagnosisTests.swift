import Glibc
import TestSupport
import Testing

@testable import LDAPClient

/// Each bad certificate on a real server gives the sentence an administrator needs.
@Suite struct TLSDiagnosisTests {
    private static func deadline(_ seconds: Int = 15) -> ContinuousClock.Instant { .now + .seconds(seconds) }

    private static func slapd(
        _ kind: CertificateAuthority.Kind,
        from authority: CertificateAuthority,
        verifyClient: String = "never"
    ) async throws -> Slapd {
        var options = Slapd.Options()
        options.ldif = ""
        options.ldaps = true
        options.tls = Slapd.TLS(
            certificate: try await authority.issue(kind),
            clientCAFile: authority.certificateFile,
            verifyClient: verifyClient
        )
        return try await Slapd.start(options)
    }

    private static func diagnose(
        _ slapd: Slapd,
        _ tls: LDAPTLSSettings
    ) async throws -> (ldaps: TLSFailure?, startTLS: TLSFailure?) {
        (
            await TLSDiagnosis.diagnose(
                url: try LDAPURL(slapd.ldapsURL),
                startTLS: false,
                tls: tls,
                deadline: deadline()
            ),
            await TLSDiagnosis.diagnose(url: try LDAPURL(slapd.url), startTLS: true, tls: tls, deadline: deadline())
        )
    }

    @Test(arguments: [
        (CertificateAuthority.Kind.expired, TLSFailure.Reason.expired, "the certificate expired on 2025-01-02"),
        (.notYetValid, .notYetValid, "the certificate is not valid before 2049-01-01"),
        (.wrongHost, .wrongName, "the certificate is for db.example, not for 127.0.0.1"),
    ])
    func badCertificates(kind: CertificateAuthority.Kind, reason: TLSFailure.Reason, sentence: String) async throws {
        let authority = try await CertificateAuthority.make()
        let slapd = try await Self.slapd(kind, from: authority)
        let found = try await Self.diagnose(slapd, LDAPTLSSettings(caFile: authority.certificateFile))
        for failure in [found.ldaps, found.startTLS] {
            #expect(failure?.reason == reason)
            #expect(failure?.sentence == sentence)
            #expect(failure?.chain.first?.issuer == "CN=Test CA,O=Example")
        }
        let careless = LDAPTLSSettings(caFile: authority.certificateFile, verifiesCertificate: false)
        let nothing = try await Self.diagnose(slapd, careless)
        #expect(nothing.ldaps == nil && nothing.startTLS == nil)
    }

    @Test func unknownAuthorities() async throws {
        let (ours, other) = (
            try await CertificateAuthority.make("Our CA"), try await CertificateAuthority.make("Other CA")
        )
        let slapd = try await Self.slapd(.good, from: other)
        let found = try await Self.diagnose(slapd, LDAPTLSSettings(caFile: ours.certificateFile))
        for failure in [found.ldaps, found.startTLS] {
            #expect(failure?.reason == .unknownAuthority)
            #expect(
                failure?.sentence == "the certificate was issued by “Other CA”, which is not in \(ours.certificateFile)"
            )
        }
        let system = try await Self.diagnose(slapd, LDAPTLSSettings())
        #expect(system.ldaps?.reason == .unknownAuthority)
        // A renewed authority keeps its name but not its key.
        let renewed = try await CertificateAuthority.make("Other CA")
        let sameName = try await Self.diagnose(slapd, LDAPTLSSettings(caFile: renewed.certificateFile))
        #expect(sameName.ldaps?.sentence.contains("but not by the one of that name in") == true)
    }

    @Test func goodServerShowsItsChain() async throws {
        let authority = try await CertificateAuthority.make()
        let slapd = try await Self.slapd(.good, from: authority)
        let tls = LDAPTLSSettings(caFile: authority.certificateFile, minimumVersion: .tls13)
        let report = await TLSDiagnosis.inspect(
            url: try LDAPURL(slapd.ldapsURL),
            startTLS: false,
            tls: tls,
            deadline: Self.deadline()
        )
        #expect(report.failure == nil)
        #expect(report.version == "TLS 1.3")
        #expect(report.chain.first?.names == ["127.0.0.1", "::1", "localhost"])
        #expect(report.chain.first?.notAfterDay == "2049-12-31")
        let startTLS = await TLSDiagnosis.diagnose(
            url: try LDAPURL(slapd.url),
            startTLS: true,
            tls: tls,
            deadline: Self.deadline()
        )
        #expect(startTLS == nil)
        // The machine's own name counts for "localhost", as in libldap.
        let url = LDAPURL(scheme: .ldaps, host: "localhost", port: slapd.ldapsPort)
        let local = await TLSDiagnosis.diagnose(url: url, startTLS: false, tls: tls, deadline: Self.deadline())
        #expect(local == nil)
        #expect(slapd.bindRequests() == 0)
    }

    @Test func clientCertificates() async throws {
        let (ours, other) = (try await CertificateAuthority.make(), try await CertificateAuthority.make("Other CA"))
        let slapd = try await Self.slapd(.good, from: ours, verifyClient: "demand")
        let missing = try await Self.diagnose(slapd, LDAPTLSSettings(caFile: ours.certificateFile))
        for failure in [missing.ldaps, missing.startTLS] {
            #expect(failure?.reason == .clientCertificate)
            #expect(failure?.sentence == "the server asks for a client certificate, and none is configured")
        }
        for (authority, isAccepted) in [(ours, true), (other, false)] {
            let client = try await authority.issue(.client("daemon"))
            let tls = LDAPTLSSettings(
                caFile: ours.certificateFile,
                clientCertificateFile: client.certificateFile,
                clientKeyFile: client.keyFile
            )
            let found = try await Self.diagnose(slapd, tls)
            #expect((found.ldaps == nil) == isAccepted, "\(found.ldaps?.sentence ?? "accepted")")
            if !isAccepted { #expect(found.ldaps?.sentence.contains("does not accept the client certificate") == true) }
        }
    }

    @Test(arguments: ["-tls1_1", "-tls1_2"])
    func oldVersions(option: String) async throws {
        let authority = try await CertificateAuthority.make()
        let certificate = try await authority.issue()
        let port = try freePort()
        let server = try ChildProcess.start(
            "openssl",
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate.certificateFile, "-key",
                certificate.keyFile,
            ]
                + [option, "-cipher", "ALL:@SECLEVEL=0", "-quiet"]
        )
        #expect(await eventually { TLSDiagnosisTests.accepts(port) })
        let failure = await TLSDiagnosis.diagnose(
            url: LDAPURL(scheme: .ldaps, host: "127.0.0.1", port: port),
            startTLS: false,
            tls: LDAPTLSSettings(caFile: authority.certificateFile, minimumVersion: .tls13),
            deadline: Self.deadline()
        )
        let version = option == "-tls1_1" ? "1.1" : "1.2"
        #expect(failure?.reason == .noCommonParameters)
        #expect(
            failure?.sentence == "no common TLS version (the server offers at most TLS \(version), min_tls is 1.3)",
            "\(server.errorOutput)"
        )
        await server.stop()
    }

    @Test func selfSigned() async throws {
        let authority = try await CertificateAuthority.make("Alone")
        let folder = try TemporaryDirectory()
        let other = try await CertificateAuthority.make()
        let made = try await ChildProcess.run(
            "openssl",
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
                + ["-keyout", folder.path(of: "key"), "-out", folder.path(of: "cert"), "-subj", "/CN=127.0.0.1"]
        )
        #expect(made.succeeded)
        var options = Slapd.Options()
        options.ldif = ""
        options.ldaps = true
        options.tls = Slapd.TLS(
            certificate: CertificateAuthority.Certificate(
                certificateFile: folder.path(of: "cert"),
                keyFile: folder.path(of: "key")
            ),
            clientCAFile: authority.certificateFile
        )
        let slapd = try await Slapd.start(options)
        let found = try await Self.diagnose(slapd, LDAPTLSSettings(caFile: other.certificateFile))
        #expect(found.ldaps?.sentence == "the certificate is self-signed, and it is not in \(other.certificateFile)")
        // Trusting exactly this certificate is enough.
        let pinned = try await Self.diagnose(slapd, LDAPTLSSettings(caFile: folder.path(of: "cert")))
        #expect(pinned.ldaps == nil, "\(pinned.ldaps?.sentence ?? "")")
    }

    @Test func intermediateAuthorities() async throws {
        let root = try await CertificateAuthority.make("Root CA")
        let middle = try await root.issueAuthority("Middle CA")
        let certificate = try await middle.issue()
        var options = Slapd.Options()
        options.ldif = ""
        options.ldaps = true
        options.tls = Slapd.TLS(certificate: certificate, clientCAFile: middle.certificateFile)
        let complete = try await Self.diagnose(
            try await Slapd.start(options),
            LDAPTLSSettings(caFile: root.certificateFile)
        )
        #expect(complete.ldaps == nil && complete.startTLS == nil, "\(complete.ldaps?.sentence ?? "")")

        let other = try await CertificateAuthority.make("Other CA")
        let wrongRoot = try await Self.diagnose(
            try await Slapd.start(options),
            LDAPTLSSettings(caFile: other.certificateFile)
        )
        #expect(
            wrongRoot.ldaps?.sentence
                == "the certificate was issued by “Root CA”, which is not in \(other.certificateFile)"
        )
        #expect(wrongRoot.ldaps?.chain.map(\.subject) == ["CN=localhost,O=Example", "CN=Middle CA,O=Example"])

        // The server forgets to send the authority in the middle.
        let folder = try TemporaryDirectory()
        let pem = text(ofFile: certificate.certificateFile).split(separator: "-----END CERTIFICATE-----").first ?? ""
        let alone = try folder.write(pem + "-----END CERTIFICATE-----\n", to: "alone.pem")
        let port = try freePort()
        let server = try ChildProcess.start(
            "openssl",
            ["s_server", "-accept", "127.0.0.1:\(port)", "-cert", alone, "-key", certificate.keyFile, "-quiet"]
        )
        #expect(await eventually { Self.accepts(port) })
        let incomplete = await TLSDiagnosis.diagnose(
            url: LDAPURL(scheme: .ldaps, host: "127.0.0.1", port: port),
            startTLS: false,
            tls: LDAPTLSSettings(caFile: root.certificateFile),
            deadline: Self.deadline()
        )
        #expect(
            incomplete?.sentence == "the certificate was issued by “Middle CA”, which is not in \(root.certificateFile)"
        )
        await server.stop()
    }

    @Test(
        arguments: [
            ("ldap1.example.org", ["ldap1.example.org"], nil, true),
            ("LDAP1.example.org.", ["ldap1.Example.org"], nil, true),
            ("ldap1.example.org", ["*.example.org"], nil, true),
            ("example.org", ["*.example.org"], nil, false),
            ("a.b.example.org", ["*.example.org"], nil, false),
            ("ldap1.org", ["*.org"], nil, false),
            ("ldap1.example.org", ["ldap*.example.org"], nil, false),
            ("ldap1.example.org", [], "ldap1.example.org", true),
            ("ldap1.example.org", ["other"], "ldap1.example.org", true),
            ("ldap1.example.org", [], nil, false),
            ("10.0.0.1", ["10.0.0.1"], nil, true),
            ("10.0.0.1", ["*.0.0.1"], nil, false),
            ("2001:db8:0::1", ["2001:db8::1"], nil, true),
            ("::ffff:10.0.0.1", ["10.0.0.1"], nil, false),
        ] as [(String, [String], String?, Bool)]
    )
    func names(host: String, names: [String], commonName: String?, matches: Bool) {
        #expect(TLSNameMatching.matches(host, names: names, commonName: commonName) == matches)
    }

    @Test func serversWithoutTLS() async throws {
        let authority = try await CertificateAuthority.make()
        let tls = LDAPTLSSettings(caFile: authority.certificateFile)
        var options = Slapd.Options()
        options.ldif = ""
        let slapd = try await Slapd.start(options)
        let plain = await TLSDiagnosis.diagnose(
            url: LDAPURL(scheme: .ldaps, host: "127.0.0.1", port: slapd.port),
            startTLS: false,
            tls: tls,
            deadline: Self.deadline()
        )
        #expect(plain?.reason == .noTLS)
        #expect(plain?.sentence.contains("spoke no TLS") == true, "\(plain?.sentence ?? "")")
        let refused = await TLSDiagnosis.diagnose(
            url: try LDAPURL(slapd.url),
            startTLS: true,
            tls: tls,
            deadline: Self.deadline()
        )
        #expect(
            refused?.sentence.hasPrefix("the server refuses StartTLS (result 2") == true,
            "\(refused?.sentence ?? "")"
        )
        let web = try TCPFake.start(.script([.read, .send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)), .close]))
        for startTLS in [true, false] {
            let failure = await TLSDiagnosis.diagnose(
                url: LDAPURL(scheme: startTLS ? .ldap : .ldaps, host: "127.0.0.1", port: web.port),
                startTLS: startTLS,
                tls: tls,
                deadline: Self.deadline()
            )
            #expect(failure?.reason == .noTLS, "\(failure?.sentence ?? "")")
        }
        await slapd.stop()
        let gone = await TLSDiagnosis.diagnose(
            url: try LDAPURL(slapd.url),
            startTLS: true,
            tls: tls,
            deadline: Self.deadline()
        )
        #expect(gone?.reason == .connection)
        #expect(gone?.sentence.contains("refused") == true, "\(gone?.sentence ?? "")")
    }

    @Test(arguments: [true, false])
    func deadlinesHold(startTLS: Bool) async throws {
        let authority = try await CertificateAuthority.make()
        let tls = LDAPTLSSettings(caFile: authority.certificateFile)
        let answer = { @Sendable (request: [UInt8]) in
            LDAPReply.extended(to: request) + [UInt8](repeating: 0x16, count: 4_000)
        }
        let behaviours: [TCPFake.Behaviour] = [
            .silent, .blackHole, .script([.read, .dripReply(every: .milliseconds(200), answer)]),
        ]
        for behaviour in behaviours {
            let fake = try TCPFake.start(behaviour)
            let start = ContinuousClock.now
            let failure = await TLSDiagnosis.diagnose(
                url: LDAPURL(scheme: startTLS ? .ldap : .ldaps, host: "127.0.0.1", port: fake.port),
                startTLS: startTLS,
                tls: tls,
                deadline: start + .milliseconds(800)
            )
            #expect(failure != nil)
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(await eventually { fake.openConnections == 0 })
        }
        let past = await TLSDiagnosis.diagnose(
            url: LDAPURL(scheme: .ldaps, host: "127.0.0.1", port: 1),
            startTLS: false,
            tls: tls,
            deadline: .now - .seconds(1)
        )
        #expect(past != nil)
    }

    @Test func resetDuringTheHandshake() async throws {
        let authority = try await CertificateAuthority.make()
        let fake = try TCPFake.start(.script([.read, .send([0x16, 0x03, 0x03, 0x40, 0x00, 0x02]), .reset]))
        let failure = await TLSDiagnosis.diagnose(
            url: LDAPURL(scheme: .ldaps, host: "127.0.0.1", port: fake.port),
            startTLS: false,
            tls: LDAPTLSSettings(caFile: authority.certificateFile),
            deadline: Self.deadline()
        )
        #expect(failure?.reason == .connection, "\(failure?.sentence ?? "")")
    }

    @Test func filesAreNamed() async throws {
        let folder = try TemporaryDirectory()
        let empty = try folder.write("no certificate\n", to: "empty.pem")
        let authority = try await CertificateAuthority.make()
        let (first, second) = (try await authority.issue(.client("a")), try await authority.issue(.client("b")))
        func sentence(_ tls: LDAPTLSSettings) async -> String {
            let failure = await TLSDiagnosis.diagnose(
                url: LDAPURL(scheme: .ldaps, host: "127.0.0.1", port: 1),
                startTLS: false,
                tls: tls,
                deadline: Self.deadline()
            )
            return failure?.reason == .files ? failure?.sentence ?? "" : "no file at fault"
        }
        let missing = folder.path(of: "none.pem")
        #expect(
            await sentence(LDAPTLSSettings(caFile: missing))
                == "the CA file \(missing) cannot be read: No such file or directory"
        )
        #expect(await sentence(LDAPTLSSettings(caFile: empty)) == "the CA file \(empty) holds no PEM certificate")
        var tls = LDAPTLSSettings(caFile: authority.certificateFile, clientCertificateFile: first.certificateFile)
        tls.clientKeyFile = second.keyFile
        #expect(await sentence(tls) == "the client key \(second.keyFile) does not belong to the client certificate")
        tls.clientKeyFile = empty
        #expect(await sentence(tls) == "the client key file \(empty) holds no PEM private key")
        tls.clientKeyFile = missing
        #expect(await sentence(tls).contains("cannot be read"))
    }

    @Test func limiterAllowsOncePerMinute() throws {
        let limiter = DiagnosisLimiter(capacity: 2)
        let (one, two, three) = (try LDAPURL("ldap://a"), try LDAPURL("ldap://b"), try LDAPURL("ldap://c"))
        let now = ContinuousClock.now
        #expect(limiter.mayDiagnose(one, now: now))
        #expect(!limiter.mayDiagnose(one, now: now + .seconds(59)))
        #expect(limiter.mayDiagnose(two, now: now + .seconds(30)))
        #expect(!limiter.mayDiagnose(three, now: now + .seconds(31)))
        #expect(limiter.mayDiagnose(three, now: now + .seconds(61)))
        #expect(limiter.mayDiagnose(two, now: now + .seconds(91)))
    }

    private static func accepts(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        } == 0
    }
}
