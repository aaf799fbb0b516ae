/// Hexadecimal digits, as URLs, filters, DNs and GUIDs use them.
package enum Hexadecimal {
    /// The value of an ASCII digit in either case; nil for anything else.
    package static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }

    /// The two ASCII digits of an octet.
    static func digits(_ byte: UInt8, uppercase: Bool = false) -> (UInt8, UInt8) {
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : (uppercase ? 0x41 : 0x61) + value - 10 }
        return (digit(byte >> 4), digit(byte & 0xF))
    }

    /// The two digits of an octet as text.
    static func text(_ byte: UInt8, uppercase: Bool = false) -> String {
        let (high, low) = digits(byte, uppercase: uppercase)
        return String(decoding: [high, low], as: UTF8.self)
    }

    /// All octets as text.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        var digits: [UInt8] = []
        for byte in bytes {
            let (high, low) = Self.digits(byte)
            digits += [high, low]
        }
        return String(decoding: digits, as: UTF8.self)
    }
}
