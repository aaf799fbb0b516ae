import Testing

@testable import Authentication

@Suite("Keys of counts")
struct ThrottleKeyTests {
    /// By Python's hashlib.blake2b over 01 "1" FF "jürgen" FF, with the key 00 … 1F: other octets would forget every lock at an
    /// upgrade.
    private let known: [UInt8] = [118, 93, 190, 30, 65, 113, 81, 76, 121, 229, 39, 76, 81, 156, 76, 248]

    @Test func areBLAKE2b() {
        let digest = ThrottleDigest(secret: Array(0..<32))
        #expect(digest.key(.name, "1", "jürgen").octets == known)
        #expect(digest.key(.person, "1", "jürgen").octets != known)
        #expect(digest.key(.name, "1j", "ürgen").octets != known)
    }

    @Test func comeBackFromAStoreAsTheyWere() {
        let octets = [UInt8](0..<16)
        #expect(ThrottleKey(octets)?.octets == octets)
        #expect(ThrottleKey(known) == ThrottleDigest(secret: Array(0..<32)).key(.name, "1", "jürgen"))
        #expect(ThrottleKey(Array(octets.dropLast())) == nil)
    }
}
