import NIOSSL
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("TLS", .timeLimit(.minutes(2)))
struct TLSTests {
    private let login = "grant_type=password&username=terry-j&password=terry-j"

    @Test func speaksTLSWithALPN() async throws {
        let ca = try await CertificateAuthority.make()
        let pair = try await ca.issue()
        try await TestServer.with({ $0.tls = TLSFiles(certificate: pair.certificateFile, key: pair.keyFile) }) {
            server in
            #expect(server.addresses[0].description == "https://127.0.0.1:\(server.port)")
            let outcome = try await ChildProcess.run(
                "curl",
                [
                    "-sv", "--http2", "--cacert", ca.certificateFile, "-d", login,
                    "https://localhost:\(server.port)/token",
                ]
                    + ["--resolve", "localhost:\(server.port):127.0.0.1"]
            )
            #expect(outcome.output.hasPrefix(#"{"access_token":"at","userId":12"#), "\(outcome.errorOutput)")
            #expect(outcome.errorOutput.contains("server accepted http/1.1"), "\(outcome.errorOutput)")
            let connection = try await RawConnection.open(port: server.port, trusting: ca.certificateFile)
            for _ in 0..<3 {
                #expect(try await connection.request("POST", "/token", body: login).status == 200)
            }
        }
    }

    @Test func oldTLSAndPlainTextAreRefused() async throws {
        let ca = try await CertificateAuthority.make()
        let pair = try await ca.issue()
        try await TestServer.with({ $0.tls = TLSFiles(certificate: pair.certificateFile, key: pair.keyFile) }) {
            server in
            let old = try await RawConnection.open(port: server.port, trusting: ca.certificateFile, maximumTLS: .tlsv11)
            #expect(await old.ends())
            #expect(old.failure != nil)
            let new = try await RawConnection.open(port: server.port, trusting: ca.certificateFile, maximumTLS: .tlsv12)
            #expect(try await new.request("POST", "/token", body: login).status == 200)
            let plain = try await RawConnection.open(port: server.port)
            plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(await plain.ends())
            #expect(!plain.received.contains("HTTP/1.1"))
        }
    }

    @Test func silentHandshakeIsCutOff() async throws {
        let ca = try await CertificateAuthority.make()
        let pair = try await ca.issue()
        try await TestServer.with({
            $0.tls = TLSFiles(certificate: pair.certificateFile, key: pair.keyFile)
            $0.limits.handshakeTimeout = .milliseconds(300)
        }) { server in
            let silent = try await RawConnection.open(port: server.port)
            #expect(await silent.ends())
            #expect(await eventually { server.server.connections == 0 })
        }
    }

    @Test func certificateIsReplacedWhileRunning() async throws {
        let folder = try TemporaryDirectory("ldapauthd-tls")
        let (first, second) = (
            try await CertificateAuthority.make("First"), try await CertificateAuthority.make("Second")
        )
        try await copy(first.issue(), to: folder)
        let files = TLSFiles(certificate: folder.path(of: "c.pem"), key: folder.path(of: "k.pem"))
        try await TestServer.with({
            $0.tls = files
            $0.certificateCheckInterval = .milliseconds(50)
        }) { server in
            let old = try await RawConnection.open(port: server.port, trusting: first.certificateFile)
            #expect(try await old.request("POST", "/token", body: login).status == 200)
            try await copy(second.issue(), to: folder)
            #expect(await eventually { await isTrusted(server, second) })
            #expect(await !isTrusted(server, first))
            // The connection of before goes on.
            #expect(try await old.request("POST", "/token", body: login).status == 200)
            // A pair that cannot be used changes nothing.
            try folder.write("not a certificate", to: "c.pem")
            try await Task.sleep(for: .milliseconds(200))
            #expect(await isTrusted(server, second))
        }
    }

    @Test func reloadOnDemandKeepsTheLastGoodPair() async throws {
        let folder = try TemporaryDirectory("ldapauthd-tls")
        let ca = try await CertificateAuthority.make()
        let (pair, other) = (try await ca.issue(), try await ca.issue())
        try copy(pair, to: folder)
        let files = TLSFiles(certificate: folder.path(of: "c.pem"), key: folder.path(of: "k.pem"))
        try await TestServer.with({
            $0.tls = files
            $0.certificateCheckInterval = .seconds(3600)
        }) { server in
            server.server.adopt(try await server.server.prepare(HTTPSettings(tls: files)))
            try folder.write(bytes(ofFile: other.keyFile), to: "k.pem")
            await #expect(throws: HTTPServerError(.certificate, "")) {
                _ = try await server.server.prepare(HTTPSettings(tls: files))
            }
            #expect(await isTrusted(server, ca))
        }
    }

    @Test func faultyFilesAreNamed() async throws {
        let folder = try TemporaryDirectory("ldapauthd-tls")
        let ca = try await CertificateAuthority.make()
        let (pair, other) = (try await ca.issue(), try await ca.issue())
        let garbage = try folder.write("garbage", to: "garbage.pem")
        let missing = folder.path(of: "missing.pem")
        let cases = [
            (missing, pair.keyFile, "there is no file \(missing) (certificate)"),
            (pair.certificateFile, missing, "there is no file \(missing) (private key)"),
            (garbage, pair.keyFile, "\(garbage) holds no PEM certificate"),
            (pair.certificateFile, garbage, "\(garbage) holds no PEM private key"),
            (
                pair.certificateFile, other.keyFile,
                "the private key in \(other.keyFile) does not belong to the certificate in \(pair.certificateFile)"
            ),
        ]
        for (certificate, key, sentence) in cases {
            do {
                _ = try await TestServer.start { $0.tls = TLSFiles(certificate: certificate, key: key) }
                Issue.record("started with \(certificate), \(key)")
            } catch {
                #expect("\(error)" == sentence)
            }
        }
    }

    private func copy(_ pair: CertificateAuthority.Certificate, to folder: TemporaryDirectory) throws {
        try folder.write(bytes(ofFile: pair.keyFile), to: "k.pem")
        try folder.write(bytes(ofFile: pair.certificateFile), to: "c.pem")
    }

    private func isTrusted(_ server: TestServer, _ ca: CertificateAuthority) async -> Bool {
        guard let connection = try? await RawConnection.open(port: server.port, trusting: ca.certificateFile) else {
            return false
        }
        return (try? await connection.request("POST", "/token", body: login).status) == 200
    }
}
