import Testing

@testable import Tokens

@Suite struct Base64URLTests {
    @Test(
        "RFC 4648 §10 and the two characters of its §5",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"), ("~~~???", "fn5-Pz8_"),
        ]
    ) func vectors(plain: String, text: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == text)
        #expect(Base64URL.decode(text.utf8) == Array(plain.utf8))
    }

    @Test(
        "One spelling for each value",
        arguments: ["Zg==", "Zh", "Zm9", "Z", "Zm9v\n", "Zm 9", "fn5+Pz8/", "Zm9vé", "."]
    ) func refused(text: String) {
        #expect(Base64URL.decode(text.utf8) == nil)
    }

    @Test func everyLength() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            let text = Base64URL.encode(bytes)
            #expect(text.utf8.count == Base64URL.encodedCount(count))
            #expect(Base64URL.decode(text.utf8) == bytes)
        }
    }
}
