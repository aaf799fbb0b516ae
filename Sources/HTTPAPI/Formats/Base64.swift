/// Base64 with the standard alphabet (RFC 4648 §4), as Basic credentials come in it.
enum Base64 {
    /// The octets of `text`; nil for a character outside the alphabet or a broken end. Padding may be left out.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var characters = text[...]
        var padding = 0
        while padding < 2, characters.suffix(1).elementsEqual("=".utf8) {
            characters = characters.dropLast()
            padding += 1
        }
        guard characters.count % 4 != 1, padding == 0 || (characters.count + padding).isMultiple(of: 4) else {
            return nil
        }
        var octets: [UInt8] = []
        octets.reserveCapacity(characters.count * 3 / 4)
        var bits: UInt32 = 0
        var count = 0
        for character in characters {
            guard let value = value(character) else {
                return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                octets.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return octets
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
