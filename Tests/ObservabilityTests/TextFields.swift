/// Reads a text line the way a tool would: `name=value`, values and names in quotes where needed.
enum TextFields {
    static func parse(_ line: String) -> [String: String] {
        var fields: [String: String] = [:]
        var rest = Substring(line)
        while !rest.isEmpty {
            let token = word(&rest)
            if rest.first == "=" {
                rest.removeFirst()
                fields[token] = word(&rest)
            } else if !rest.isEmpty {
                rest.removeFirst()
            }
        }
        return fields
    }

    private static func word(_ rest: inout Substring) -> String {
        guard rest.first == "\"" else {
            let plain = rest.prefix { $0 != " " && $0 != "=" }
            rest = rest[plain.endIndex...]
            return String(plain)
        }
        rest.removeFirst()
        var word = ""
        while let character = rest.popFirst(), character != "\"" {
            word += character == "\\" ? escape(&rest) : String(character)
        }
        return word
    }

    private static func escape(_ rest: inout Substring) -> String {
        switch rest.popFirst() {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u":
            let digits = rest.dropFirst().prefix { $0 != "}" }
            rest = rest[digits.endIndex...].dropFirst()
            return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init).map(String.init) ?? ""
        case .some(let character): return String(character)
        case nil: return ""
        }
    }
}
