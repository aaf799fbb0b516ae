/// A client's first token, looked at just far enough to tell what it is.
///
/// Pure. It keeps NTLM and nonsense away from the library, whose answer to both is less clear.
struct InitialToken {
    /// The Kerberos token: the whole of it, or what SPNEGO carries; nil when the client sent none along.
    let kerberosToken: [UInt8]?
    /// True within SPNEGO.
    let isWrapped: Bool

    /// DER of the object identifiers' contents.
    private static let spnego: [UInt8] = [0x2B, 0x06, 0x01, 0x05, 0x05, 0x02]
    /// 1.2.840.113554.1.2.2, and as Windows wrote it by mistake (MS-SPNG §1.9).
    private static let kerberos: [[UInt8]] = [
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02], [0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 0x01, 0x02, 0x02],
    ]
    private static let ntlm: [UInt8] = [0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A]

    /// Looks at a token; throws `.malformedToken`, `.ntlm` or `.unsupportedMechanism`.
    init(_ token: [UInt8]) throws(NegotiateError) {
        if Self.isNTLM(token[...]) { throw Self.ntlmRefused }
        // RFC 2743 §3.1: [APPLICATION 0] { mechanism, what the mechanism says }.
        var outer = DERReader(token)
        guard let frame = outer.next(0x60), outer.isAtEnd else {
            throw NegotiateError(.malformedToken, "the token is cut short or no GSSAPI token")
        }
        var inner = DERReader(frame)
        guard let mechanism = inner.next(0x06) else {
            throw NegotiateError(.malformedToken, "the token names no mechanism")
        }
        if Self.kerberos.contains(where: mechanism.elementsEqual) {
            (kerberosToken, isWrapped) = (token, false)
            return
        }
        guard mechanism.elementsEqual(Self.spnego) else {
            throw NegotiateError(
                .unsupportedMechanism,
                "the token is of a mechanism that is neither Kerberos nor SPNEGO"
            )
        }
        isWrapped = true
        kerberosToken = try Self.offered(&inner)
    }

    /// RFC 4178 §4.2.1: NegTokenInit ::= SEQUENCE { mechTypes [0], reqFlags [1] OPTIONAL, mechToken [2] OPTIONAL, … }
    private static func offered(_ reader: inout DERReader) throws(NegotiateError) -> [UInt8]? {
        guard let choice = reader.next(0xA0), let sequence = DERReader.only(0x30, in: choice) else {
            throw NegotiateError(.malformedToken, "the SPNEGO token does not begin a negotiation")
        }
        var fields = DERReader(sequence)
        var mechanisms: [ArraySlice<UInt8>] = []
        if let list = fields.next(0xA0), let types = DERReader.only(0x30, in: list) {
            var types = DERReader(types)
            while let type = types.next(0x06) { mechanisms.append(type) }
        }
        _ = fields.next(0xA1)
        let carried = fields.next(0xA2).flatMap { DERReader.only(0x04, in: $0) }
        let offersKerberos = mechanisms.contains { offered in kerberos.contains(where: offered.elementsEqual) }
        guard offersKerberos else {
            let offersNTLM = mechanisms.contains { $0.elementsEqual(ntlm) } || carried.map(isNTLM) == true
            if offersNTLM { throw ntlmRefused }
            throw NegotiateError(.unsupportedMechanism, "the client offers no Kerberos ticket")
        }
        if let carried, isNTLM(carried) { throw ntlmRefused }
        return carried.map(Array.init)
    }

    /// MS-NLMP §2.2: every message begins with this signature.
    private static func isNTLM(_ octets: ArraySlice<UInt8>) -> Bool {
        octets.starts(with: Array("NTLMSSP\0".utf8))
    }

    private static let ntlmRefused = NegotiateError(
        .ntlm,
        "the client sent NTLM, which is not accepted: it got no Kerberos ticket for this service"
    )
}
