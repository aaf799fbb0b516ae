/// Reads the tokens, quoted strings and parameters header fields are made of (RFC 9110 §5.6).
struct HeaderScanner {
    private let octets: [UInt8]
    private var index = 0

    init(_ text: String) {
        octets = Array(text.utf8)
    }

    var isAtEnd: Bool { index == octets.count }

    func isAt(_ character: Unicode.Scalar) -> Bool {
        index < octets.count && octets[index] == UInt8(truncatingIfNeeded: character.value)
    }

    mutating func skipBlanks() {
        while isAt(" ") || isAt("\t") {
            index += 1
        }
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard isAt(character) else {
            return false
        }
        index += 1
        return true
    }

    /// One or more token characters (RFC 9110 §5.6.2); nil when there is none.
    mutating func token() -> String? {
        let start = index
        while index < octets.count, Self.isTokenCharacter(octets[index]) {
            index += 1
        }
        return start == index ? nil : String(decoding: octets[start..<index], as: UTF8.self)
    }

    /// `; name=value` as often as it comes, names in lower case; nil when one of them cannot be read.
    mutating func parameters() -> [(name: String, value: String)]? {
        var parameters: [(name: String, value: String)] = []
        skipBlanks()
        while skip(";") {
            skipBlanks()
            if isAtEnd || isAt(";") || isAt(",") {
                continue
            }
            guard let name = token() else {
                return nil
            }
            skipBlanks()
            var value = ""
            if skip("=") {
                skipBlanks()
                guard let text = isAt("\"") ? quotedString() : token() else {
                    return nil
                }
                value = text
            }
            parameters.append((name.lowercased(), value))
            skipBlanks()
        }
        return parameters
    }

    private mutating func quotedString() -> String? {
        var value: [UInt8] = []
        index += 1
        while index < octets.count {
            switch octets[index] {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: value, as: UTF8.self)
            case UInt8(ascii: "\\") where index + 1 < octets.count:
                value.append(octets[index + 1])
                index += 2
            default:
                value.append(octets[index])
                index += 1
            }
        }
        return nil
    }

    /// A weight between 0 and 1 (RFC 9110 §12.4.2) in millionths; digits beyond the sixth are dropped.
    static func weight(_ text: String) -> Int? {
        var weight = 0
        var unit = 1_000_000
        var digits = 0
        var isFraction = false
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: ".") where !isFraction:
                isFraction = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digits += 1
                if isFraction {
                    unit /= 10
                } else if weight >= unit {
                    return nil
                }
                weight = (isFraction ? weight : weight * 10) + Int(octet - UInt8(ascii: "0")) * unit
            default:
                return nil
            }
        }
        return digits > 0 && weight <= 1_000_000 ? weight : nil
    }

    private static func isTokenCharacter(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "^")...UInt8(ascii: "z"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "!"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "|"),
            UInt8(ascii: "~"):
            true
        default:
            false
        }
    }
}
