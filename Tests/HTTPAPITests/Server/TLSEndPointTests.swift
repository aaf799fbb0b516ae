import TestSupport
import Testing

@testable import HTTPAPI

/// The hash a client binds its ticket to, compared with what openssl makes of the same certificate.
@Suite struct TLSEndPointTests {
    @Test(arguments: [
        ("rsa:2048", "sha256", "sha256"), ("rsa:2048", "sha384", "sha384"), ("rsa:2048", "sha512", "sha512"),
        ("rsa:2048", "sha1", "sha256"), ("ec", "sha256", "sha256"), ("ec", "sha384", "sha384"),
        ("ec", "sha512", "sha512"),
        ("ed25519", "", "sha256"),
    ])
    func isThatOfTheSignature(key: String, signature: String, expected: String) async throws {
        let folder = try TemporaryDirectory()
        let file = folder.path(of: "cert.der")
        let made = try await ChildProcess.run(
            "openssl",
            ["req", "-x509", "-newkey", key, "-nodes", "-keyout", folder.path(of: "key"), "-subj", "/CN=x"]
                + (key == "ec" ? ["-pkeyopt", "ec_paramgen_curve:prime256v1"] : [])
                + (signature.isEmpty ? [] : ["-\(signature)"]) + ["-outform", "DER", "-out", file]
        )
        #expect(made.succeeded, "\(made.errorOutput)")
        let digest = try await ChildProcess.run("openssl", ["dgst", "-\(expected)", "-r", file])
        let hash = TLSEndPoint.hash(ofCertificate: bytes(ofFile: file))
        let text = hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(digest.output.hasPrefix(text + " "), "\(key) \(signature): \(digest.output)")
    }

    @Test func whatIsNoCertificateHasAHashToo() {
        #expect(TLSEndPoint.hash(ofCertificate: [1, 2, 3]).count == 32)
    }
}
