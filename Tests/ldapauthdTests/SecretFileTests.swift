import Authentication
import TestSupport
import Testing

@testable import ldapauthd

@Suite struct SecretFileTests {
    private func secret(_ octets: [UInt8]) throws -> [UInt8] {
        let folder = try TemporaryDirectory("ldapauthd-secret")
        defer { folder.remove() }
        let path = try folder.write(octets, to: "secret")
        return try SecretFile(path, relativeTo: "/").read().withUnsafeBytes { unsafe Array($0) }
    }

    @Test(arguments: [
        ("geheim", "geheim"), ("geheim\n", "geheim"), ("geheim\r\n", "geheim"), ("geheim\n\n", "geheim\n"),
        (" geheim ", " geheim "), ("a\r", "a\r"),
    ])
    func stripsOneLineEnd(file: String, read: String) throws {
        #expect(try secret(Array(file.utf8)) == Array(read.utf8))
    }

    @Test func takesAnyOctets() throws {
        #expect(try secret([0, 0xFF, 0x0A]) == [0, 0xFF])
    }

    @Test(arguments: [[], [0x0A]])
    func refusesAnEmptySecret(octets: [UInt8]) {
        #expect(throws: SecretFileError.self) { try secret(octets) }
    }

    @Test func looksForACredentialInThreePlaces() {
        let file = SecretFile("credential:web", relativeTo: "/etc", credentialsDirectory: "/run/credentials/x")
        #expect(
            file.candidates
                == ["/run/credentials/x/web", "/run/credentials/x/ldapauthd_web", "/etc/ldapauthd/credentials/web"]
        )
    }
}
