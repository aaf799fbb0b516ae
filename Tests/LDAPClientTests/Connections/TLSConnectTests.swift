import LDAPClient
import TestSupport
import Testing

/// TLS against real servers: ldaps and StartTLS behave alike.
@Suite struct TLSConnectTests {
    private let dn = SampleDirectory().dn(of: "alice")

    /// A server with a certificate, and who is trusted.
    private struct Server {
        let slapd: Slapd
        let authority: CertificateAuthority

        init(_ kind: CertificateAuthority.Kind, _ change: (inout Slapd.Options) -> Void = { _ in }) async throws {
            authority = try await CertificateAuthority.make()
            var options = Slapd.Options()
            options.ldaps = true
            options.tls = Slapd.TLS(
                certificate: try await authority.issue(kind),
                clientCAFile: authority.certificateFile
            )
            change(&options)
            slapd = try await Slapd.start(options)
        }

        func host(
            startTLS: Bool,
            trusting file: String? = nil,
            _ change: (inout LDAPHostSettings) -> Void = { _ in }
        ) throws -> LDAPHost {
            let url = startTLS ? slapd.url : slapd.ldapsURL
            return try Rig().host(url, connectTimeout: .seconds(20), operationTimeout: .seconds(20)) {
                $0.startTLS = startTLS
                $0.tls.caFile = file ?? authority.certificateFile
                change(&$0)
            }
        }
    }

    @Test(arguments: [false, true]) func aGoodServerIsTrusted(startTLS: Bool) async throws {
        let server = try await Server(.good)
        let host = try server.host(startTLS: startTLS) { $0.useServiceAccount(of: server.slapd) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for round in 0..<40 {
                group.addTask {
                    let secret = Secret(round % 2 == 0 ? "alice-secret" : "wrong")
                    let answer = try await host.bind(dn: dn, password: secret, deadline: .after(20))
                    #expect((answer.resultCode == .success) == (round % 2 == 0))
                    let found = try await host.search(
                        SearchRequest(base: "dc=example,dc=org", pageSize: 5),
                        deadline: .after(20)
                    )
                    #expect(found.entries.count > 10)
                }
            }
            try await group.waitForAll()
        }
        #expect(await host.statistics.dials <= 18)
        #expect(!server.slapd.logLines(containing: "TLS established").isEmpty)
        await host.shutdown()
    }

    @Test(arguments: [
        (CertificateAuthority.Kind.expired, "expired"), (.notYetValid, "not valid"), (.wrongHost, "db.example"),
    ])
    func aBadCertificateIsRefusedAndTheReasonNamed(kind: CertificateAuthority.Kind, word: String) async throws {
        let server = try await Server(kind)
        for startTLS in [false, true] {
            let host = try server.host(startTLS: startTLS)
            // The second time the diagnosis is remembered.
            for _ in 0..<2 {
                let error = await failure { () async throws(LDAPError) in
                    try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
                }
                #expect(error?.code == .tls)
                #expect(error?.requestWasWritten == false)
                #expect(error?.message.contains(word) == true, "\(String(describing: error))")
            }
            await host.shutdown()
        }
        #expect(server.slapd.bindRequests(dn: dn) == 0)
    }

    @Test(arguments: [false, true]) func anUnknownAuthorityIsRefused(startTLS: Bool) async throws {
        let server = try await Server(.good)
        let other = try await CertificateAuthority.make("Another CA")
        let host = try server.host(startTLS: startTLS, trusting: other.certificateFile)
        let error = await failure { () async throws(LDAPError) in
            try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
        }
        #expect(error?.code == .tls)
        #expect(error?.message.contains("unknown error") == false, "\(String(describing: error))")
        #expect(server.slapd.bindRequests(dn: dn) == 0)
        await host.shutdown()
    }

    @Test func verificationCanBeSwitchedOff() async throws {
        let server = try await Server(.expired)
        let host = try server.host(startTLS: false) { $0.tls.verifiesCertificate = false }
        let answer = try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
        #expect(answer.resultCode == .success)
        await host.shutdown()
    }

    @Test func aMissingFileIsNamed() async throws {
        let server = try await Server(.good)
        let host = try server.host(startTLS: false, trusting: "/no/such/ca.pem")
        let error = await failure { () async throws(LDAPError) in
            try await host.bind(dn: dn, password: Secret("x"), deadline: .after(20))
        }
        #expect(error?.code == .tls)
        #expect(error?.message.contains("/no/such/ca.pem") == true)
        await host.shutdown()
    }

    @Test func aClientCertificateIsAnIdentity() async throws {
        let authority = try await CertificateAuthority.make()
        let client = try await authority.issue(.client("robot"))
        let server = try await Server(.good) {
            $0.tls?.clientCAFile = authority.certificateFile
            $0.tls?.verifyClient = "demand"
            $0.anonymousMayRead = false
            $0.globalLines = [#"authz-regexp "cn=robot,.*" "cn=service,dc=example,dc=org""#]
        }
        let host = try server.host(startTLS: true) {
            $0.tls.clientCertificateFile = client.certificateFile
            $0.tls.clientKeyFile = client.keyFile
            $0.serviceIdentities = [.external]
        }
        let found = try await host.search(SearchRequest(base: dn, scope: .base), deadline: .after(20))
        #expect(found.entries.count == 1)
        await host.shutdown()

        let without = try server.host(startTLS: true) { $0.serviceIdentities = [.external] }
        let error = await failure { () async throws(LDAPError) in
            try await without.search(SearchRequest(base: dn, scope: .base), deadline: .after(20))
        }
        #expect([.tls, .connectionLost, .serviceBind].contains(error?.code))
        await without.shutdown()
    }

    @Test(arguments: [false, true]) func filesAreReadAgainForEachConnection(startTLS: Bool) async throws {
        // Everything is renewed while the daemon runs: the authority, the server's certificate, and the client's.
        let folder = try TemporaryDirectory("tls-files")
        let (before, after) = (
            try await CertificateAuthority.make("Old CA"), try await CertificateAuthority.make("New CA")
        )
        func install(_ authority: CertificateAuthority) async throws {
            let client = try await authority.issue(.client("robot"))
            let server = try await authority.issue(.good)
            for (from, to) in [
                (authority.certificateFile, "ca.pem"), (client.certificateFile, "client.pem"),
                (client.keyFile, "client.key"),
                (server.certificateFile, "server.pem"), (server.keyFile, "server.key"),
            ] { try folder.write(bytes(ofFile: from), to: to) }
        }
        try await install(before)
        var options = Slapd.Options()
        options.ldaps = true
        options.anonymousMayRead = false
        options.globalLines = [#"authz-regexp "cn=robot,.*" "cn=service,dc=example,dc=org""#]
        options.tls = Slapd.TLS(
            certificate: .init(certificateFile: folder.path(of: "server.pem"), keyFile: folder.path(of: "server.key")),
            clientCAFile: folder.path(of: "ca.pem"),
            verifyClient: "demand"
        )
        let slapd = try await Slapd.start(options)
        let host = try Rig().host(startTLS ? slapd.url : slapd.ldapsURL) {
            $0.startTLS = startTLS
            $0.tls.caFile = folder.path(of: "ca.pem")
            $0.tls.clientCertificateFile = folder.path(of: "client.pem")
            $0.tls.clientKeyFile = folder.path(of: "client.key")
            $0.serviceIdentities = [.external]
        }
        #expect(try await host.search(SearchRequest(base: dn, scope: .base), deadline: .after(20)).entries.count == 1)
        try await install(after)
        try await slapd.restart()
        #expect(try await host.search(SearchRequest(base: dn, scope: .base), deadline: .after(20)).entries.count == 1)
        let answer = try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
        #expect(answer.resultCode == .success)
        await host.shutdown()
    }

    @Test(arguments: [false, true]) func theReportShowsTheChain(startTLS: Bool) async throws {
        let server = try await Server(.good)
        let host = try server.host(startTLS: startTLS)
        let report = await host.connectReport(deadline: .after(20))
        #expect(report.failure == nil)
        #expect(report.chain.map(\.issuer) == ["CN=Test CA,O=Example", "CN=Test CA,O=Example"])
        #expect(report.chain.first?.names.contains("127.0.0.1") == true)
        #expect(report.tlsVersion == "TLS 1.3")
        await host.shutdown()
        let bad = try await Server(.wrongHost)
        let refused = try bad.host(startTLS: startTLS)
        let failed = await refused.connectReport(deadline: .after(20))
        #expect(failed.failure?.message.contains("the certificate is for db.example") == true)
        #expect(failed.chain.first?.names == ["db.example"])
        await refused.shutdown()
    }

    @Test(arguments: [(LDAPTLSSettings.Version.tls12, true), (.tls13, false)])
    func theLowestVersionIsKept(version: LDAPTLSSettings.Version, works: Bool) async throws {
        let authority = try await CertificateAuthority.make()
        let certificate = try await authority.issue(.good)
        let port = try freePort()
        let openssl = try ChildProcess.start(
            "openssl",
            ["s_server", "-quiet", "-www", "-tls1_2", "-accept", "127.0.0.1:\(port)"]
                + ["-cert", certificate.certificateFile, "-key", certificate.keyFile]
        )
        defer { openssl.kill() }
        let host = try Rig().host("ldaps://127.0.0.1:\(port)", operationTimeout: .milliseconds(500)) {
            $0.tls = LDAPTLSSettings(caFile: authority.certificateFile, minimumVersion: version)
        }
        var error: LDAPError?
        for _ in 0..<500 {
            error = await failure { () async throws(LDAPError) in
                try await host.bind(dn: dn, password: Secret("x"), deadline: .after(20))
            }
            if error?.code != .connect { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        // The handshake succeeds; then nobody answers the bind, because s_server waits for an HTTP request.
        #expect(error?.code == (works ? .timeout : .tls), "\(String(describing: error))")
        await host.shutdown()
    }

    @Test func aFullPoolIsNoHang() async throws {
        let silent = try TCPFake.start(.silent)
        let rig = try Rig(threads: 1, queueLimit: 0)
        let host = try rig.host("ldaps://127.0.0.1:\(silent.port)", connectTimeout: .seconds(3))
        let codes = await withTaskGroup(of: LDAPError.Code?.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    await failure { () async throws(LDAPError) in
                        try await host.bind(dn: dn, password: Secret("x"), deadline: .after(20))
                    }?.code
                }
            }
            return await group.reduce(into: Set<LDAPError.Code?>()) { $0.insert($1) }
        }
        #expect(codes.contains(.overloaded))
        #expect(codes.isSubset(of: [.overloaded, .tls]))
        await host.shutdown()
    }
}
