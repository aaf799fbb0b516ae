/// base64url without padding (RFC 4648 §5, RFC 7515 §2): the one place in this room that knows it.
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The six bits of each character, 0xFF for all that are none.
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    /// The number of characters that `count` bytes become.
    static func encodedCount(_ count: Int) -> Int { (count * 4 + 2) / 3 }

    /// Appends the text of `bytes` to `output`.
    static func append(_ bytes: some Collection<UInt8>, to output: inout [UInt8]) {
        let alphabet = alphabet
        output.reserveCapacity(output.count + encodedCount(bytes.count))
        var bits: UInt32 = 0
        var held = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            held += 8
            while held >= 6 {
                held -= 6
                output.append(alphabet[Int(bits >> held & 0x3F)])
            }
        }
        if held > 0 { output.append(alphabet[Int(bits << (6 - held) & 0x3F)]) }
    }

    /// The text of `bytes`.
    static func encode(_ bytes: some Collection<UInt8>) -> String {
        var output: [UInt8] = []
        append(bytes, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The bytes of `text`; nil for padding, foreign characters, an impossible length, or unused bits that are not
    /// zero (RFC 4648 §3.5), so that every value has one spelling only.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let values = values
        guard text.count % 4 != 1 else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(text.count * 3 / 4)
        var bits: UInt32 = 0
        var held = 0
        for character in text {
            let value = values[Int(character)]
            guard value != 0xFF else { return nil }
            bits = (bits << 6 | UInt32(value)) & 0xFFFF
            held += 6
            if held >= 8 {
                held -= 8
                output.append(UInt8(truncatingIfNeeded: bits >> held))
            }
        }
        guard bits & ((1 << held) - 1) == 0 else { return nil }
        return output
    }
}
