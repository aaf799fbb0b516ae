/// Texts of people as values of header fields.
enum HeaderText {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// UTF-8, percent-encoded (RFC 3986 §2.1) for `%`, `,` and everything that is not visible ASCII; a blank stays one
    /// inside the text, where no proxy takes it off.
    static func encode(_ text: String) -> String {
        // What nearly every text is.
        if text.utf8.allSatisfy(isPlain) { return text }
        let octets = Array(text.utf8)
        var encoded: [UInt8] = []
        encoded.reserveCapacity(octets.count * 2)
        for (index, octet) in octets.enumerated() {
            let isInnerBlank = octet == UInt8(ascii: " ") && index > 0 && index < octets.count - 1
            if isPlain(octet) || isInnerBlank {
                encoded.append(octet)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(digits[Int(octet >> 4)])
                encoded.append(digits[Int(octet & 0xF)])
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func isPlain(_ octet: UInt8) -> Bool {
        (0x21...0x7E).contains(octet) && octet != UInt8(ascii: "%") && octet != UInt8(ascii: ",")
    }
}
