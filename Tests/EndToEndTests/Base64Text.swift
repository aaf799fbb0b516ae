import FoundationEssentials

/// Base64 by another implementation than the daemon's.
enum Base64Text {
    static func encode(_ octets: [UInt8]) -> String { Data(octets).base64EncodedString() }

    static func decode(_ text: some StringProtocol) -> [UInt8]? { Data(base64Encoded: String(text)).map(Array.init) }

    /// The payload of a JWT as text (RFC 7515 §3); empty when there is none.
    static func payload(of token: String) -> String {
        let parts = token.split(separator: ".")
        guard parts.count == 3 else { return "" }
        var text = String(parts[1].map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        text += String(repeating: "=", count: (4 - text.count % 4) % 4)
        return decode(text).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
