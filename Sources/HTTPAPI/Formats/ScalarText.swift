/// How texts become integers and booleans: as .NET's parsers do it, which the clients were written against.
enum ScalarText {
    /// A decimal Int32 with an optional sign and outer blanks; nil for anything else.
    static func integer(_ text: ArraySlice<UInt8>) -> Int32? {
        var digits = trimmed(text)
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") {
            digits = digits.dropFirst()
        }
        guard !digits.isEmpty else {
            return nil
        }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else {
                return nil
            }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
            // One more than Int32.max, for the negative side.
            if value > 1 << 31 {
                return nil
            }
        }
        return Int32(exactly: isNegative ? -value : value)
    }

    /// `true` or `false` in any case, with outer blanks; nil for anything else.
    static func boolean(_ text: ArraySlice<UInt8>) -> Bool? {
        let word = trimmed(text)
        if equal(word, "true".utf8) {
            return true
        }
        return equal(word, "false".utf8) ? false : nil
    }

    /// `true`, `false`, `1` or `0` with outer blanks (XML Schema part 2 §3.2.2); nil for anything else.
    static func xmlBoolean(_ text: ArraySlice<UInt8>) -> Bool? {
        let word = trimmed(text)
        if word.elementsEqual("true".utf8) || word.elementsEqual("1".utf8) {
            return true
        }
        return word.elementsEqual("false".utf8) || word.elementsEqual("0".utf8) ? false : nil
    }

    /// Whether a JSON number is something else than zero.
    static func isNonzero(_ number: ArraySlice<UInt8>) -> Bool {
        let mantissa = number.prefix { $0 | 0x20 != UInt8(ascii: "e") }
        return mantissa.contains { (UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0) }
    }

    /// Whether two texts are equal when the case of ASCII letters does not count.
    static func equal(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        let isEqual = left.withContiguousStorageIfAvailable { left in
            right.withContiguousStorageIfAvailable { right in
                // To the end in any case, so that the compiler may look at many octets at once.
                var difference: UInt8 = 0
                for index in left.indices {
                    difference |= unsafe lowercased(left[index]) ^ lowercased(right[index])
                }
                return difference == 0
            }
        }
        return (isEqual ?? nil) ?? left.elementsEqual(right) { lowercased($0) == lowercased($1) }
    }

    /// Whether an octet is white space to JSON and XML.
    static func isBlank(_ octet: UInt8) -> Bool {
        octet == 0x20 || octet == 0x09 || octet == 0x0A || octet == 0x0D
    }

    /// The text without outer blanks and tabs, as header fields are compared.
    static func trimmed(_ text: String) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }

    private static func lowercased(_ octet: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(octet) ? octet | 0x20 : octet
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        // The vertical tab and the form feed, too, are white space to .NET.
        func isOuter(_ octet: UInt8) -> Bool {
            octet == 0x20 || (0x09...0x0D).contains(octet)
        }
        var text = text.drop(while: isOuter)
        while let last = text.last, isOuter(last) {
            text.removeLast()
        }
        return text
    }
}
