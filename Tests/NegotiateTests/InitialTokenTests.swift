import Testing

@testable import Negotiate

/// What a first token is, told before the library sees it.
@Suite struct InitialTokenTests {
    static let ntlmMessage =
        Array("NTLMSSP\0".utf8) + [1, 0, 0, 0, 7, 0x82, 8, 0xA2] + [UInt8](repeating: 0, count: 16)
    static let kerberosOID: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02]
    static let windowsOID: [UInt8] = [0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 0x01, 0x02, 0x02]
    static let ntlmOID: [UInt8] = [0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A]

    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        guard content.count >= 0x80 else { return [tag, UInt8(content.count)] + content }
        return [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
    }

    static func spnego(_ mechanisms: [[UInt8]], token: [UInt8]?) -> [UInt8] {
        var fields = element(0xA0, element(0x30, mechanisms.flatMap { element(0x06, $0) }))
        if let token { fields += element(0xA2, element(0x04, token)) }
        let initial = element(0xA0, element(0x30, fields))
        return element(0x60, element(0x06, [0x2B, 0x06, 0x01, 0x05, 0x05, 0x02]) + initial)
    }

    @Test(arguments: [
        ("bare NTLM", ntlmMessage, NegotiateError.Code.ntlm),
        ("NTLM in SPNEGO", spnego([ntlmOID], token: ntlmMessage), .ntlm),
        ("NTLM offered without a message", spnego([ntlmOID], token: nil), .ntlm),
        ("NTLM sent where Kerberos is offered too", spnego([kerberosOID, ntlmOID], token: ntlmMessage), .ntlm),
        ("nothing", [], .malformedToken),
        ("one octet", [0x60], .malformedToken),
        ("text", Array("Basic dXNlcg==".utf8), .malformedToken),
        ("a length beyond the end", [0x60, 0x82, 0xFF, 0xFF, 0x06, 0x01], .malformedToken),
        ("an indefinite length", [0x60, 0x80, 0x06, 0x01, 0x00, 0x00], .malformedToken),
        ("a length of four octets", [0x60, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], .malformedToken),
        ("octets behind it", element(0x60, element(0x06, kerberosOID)) + [0], .malformedToken),
        ("no mechanism", element(0x60, [0x02, 0x01, 0x00]), .malformedToken),
        ("another mechanism", element(0x60, element(0x06, [0x2B, 0x06, 0x01, 0x05, 0x02])), .unsupportedMechanism),
        ("SPNEGO that goes on with nothing", element(0x60, element(0x06, [0x2B, 6, 1, 5, 5, 2])), .malformedToken),
        ("SPNEGO without a mechanism of ours", spnego([[0x2B, 0x06, 0x01]], token: [1]), .unsupportedMechanism),
    ])
    func isRefused(what: String, token: [UInt8], code: NegotiateError.Code) {
        let error = #expect(throws: NegotiateError.self) { try InitialToken(token) }
        #expect(error?.code == code, "\(what): \(error.map { "\($0)" } ?? "accepted")")
    }

    @Test(arguments: [[kerberosOID], [windowsOID, kerberosOID, ntlmOID], [kerberosOID, ntlmOID]])
    func findsTheKerberosTokenInSPNEGO(mechanisms: [[UInt8]]) throws {
        let inner = Self.element(0x60, Self.element(0x06, Self.kerberosOID) + [1, 0, 0x6E])
        let token = try InitialToken(Self.spnego(mechanisms, token: inner))
        #expect(token.isWrapped)
        #expect(token.kerberosToken == inner)
        let bare = try InitialToken(inner)
        #expect(!bare.isWrapped)
        #expect(bare.kerberosToken == inner)
    }

    @Test func noPrefixOfATokenCrashes() {
        let inner = Self.element(0x60, Self.element(0x06, Self.kerberosOID) + [UInt8](repeating: 7, count: 300))
        let whole = Self.spnego([Self.windowsOID, Self.kerberosOID], token: inner)
        for length in 0..<whole.count {
            #expect(throws: NegotiateError.self, "\(length)") { try InitialToken(Array(whole[..<length])) }
        }
        for index in whole.indices {
            var mutated = whole
            mutated[index] ^= 0xFF
            _ = try? InitialToken(mutated)
        }
    }
}
