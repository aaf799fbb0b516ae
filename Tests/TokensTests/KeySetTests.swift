import Foundation
import Testing

@testable import Tokens

/// Public keys as others read them.
@Suite struct KeySetTests {
    @Test("Coordinates keep their leading zeros, an RSA modulus has none (RFC 7518 §6.2.1.2, §6.3.1.1)")
    func leadingZeros() throws {
        func octets(_ key: SigningKey, _ member: String) throws -> [UInt8] {
            let jwk = try JSONDecoder().decode([String: String].self, from: Data(key.publicKey.jwk))
            let text = try #require(jwk[member])
            return try #require(Base64URL.decode(text.utf8))
        }
        var found = 0
        for _ in 0..<20_000 where found < 2 {
            let key = try SigningKey(generating: .es256)
            let (x, y) = (try octets(key, "x"), try octets(key, "y"))
            try #require(x.count == 32 && y.count == 32)
            guard x[0] == 0 || y[0] == 0 else { continue }
            found += 1
            // And such a key verifies.
            let token = try key.sign(Array("{}".utf8)).split(separator: ".").map(String.init)
            let signature = try #require(Base64URL.decode(token[2].utf8))
            #expect(key.publicKey.isValid(signature, for: Array("\(token[0]).\(token[1])".utf8)[...]))
        }
        #expect(found == 2)
        let rsa = try SigningKey(generating: .rs256)
        let modulus = try octets(rsa, "n")
        #expect(modulus.count == 256 && modulus[0] != 0)
        #expect(try octets(rsa, "e") == [1, 0, 1])
        #expect(try octets(SigningKey(generating: .eddsa), "x").count == 32)
    }
}
