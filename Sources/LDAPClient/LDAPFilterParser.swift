/// Reads a filter's text (RFC 4515 §3) by recursive descent.
struct LDAPFilterParser {
    /// Deeper trees are refused, so that no text can exhaust the stack, here or in libldap.
    static let depthLimit = 64

    private let text: [UInt8]
    private var index = 0

    init(_ text: String) { self.text = Array(text.utf8) }

    /// The whole text as one filter.
    mutating func parse() throws(LDAPError) -> LDAPFilter {
        skipBlanks()
        let filter = try filter(depth: 1)
        skipBlanks()
        guard index == text.count else { throw fault("nothing may follow the filter") }
        return filter
    }

    /// Octets of attribute descriptions and numeric or named rules (RFC 4512 §2.5); `_` because Active Directory and
    /// others have it in names.
    static func isDescription(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ";"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private func fault(_ why: String) -> LDAPError {
        let position = String(decoding: text.prefix(index), as: UTF8.self).count + 1
        return LDAPError(.invalidArgument, "filter, character \(position): \(why)")
    }

    private var current: UInt8? { index < text.count ? text[index] : nil }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func filter(depth: Int) throws(LDAPError) -> LDAPFilter {
        guard depth <= Self.depthLimit else { throw fault("more than \(Self.depthLimit) levels") }
        guard take("(") else { throw fault("“(” expected") }
        skipBlanks()
        let result: LDAPFilter
        if take("&") {
            result = .and(try list(depth: depth))
        } else if take("|") {
            result = .or(try list(depth: depth))
        } else if take("!") {
            skipBlanks()
            result = .not(try filter(depth: depth + 1))
            skipBlanks()
        } else {
            result = try item()
        }
        guard take(")") else { throw fault(current == nil ? "“)” is missing at the end" : "“)” expected") }
        return result
    }

    /// Components up to the closing bracket; none at all is the constant true or false (RFC 4526).
    private mutating func list(depth: Int) throws(LDAPError) -> [LDAPFilter] {
        var filters: [LDAPFilter] = []
        skipBlanks()
        while current == UInt8(ascii: "(") {
            filters.append(try filter(depth: depth + 1))
            skipBlanks()
        }
        return filters
    }

    private mutating func item() throws(LDAPError) -> LDAPFilter {
        let attribute = description()
        if current == UInt8(ascii: ":") { return try extensible(attribute) }
        guard !attribute.isEmpty else { throw fault("an attribute's name expected") }
        if take("=") { return try equalityOrSubstrings(attribute) }
        let sign = current
        guard sign == UInt8(ascii: ">") || sign == UInt8(ascii: "<") || sign == UInt8(ascii: "~") else {
            throw fault("“=”, “>=”, “<=”, “~=” or “:=” expected after the attribute's name")
        }
        index += 1
        guard take("=") else { throw fault("“=” expected") }
        let value = try value()
        guard current != UInt8(ascii: "*") else { throw fault("“*” in a value is written \\2a") }
        switch sign {
        case UInt8(ascii: ">"): return .greaterOrEqual(attribute: attribute, value: value)
        case UInt8(ascii: "<"): return .lessOrEqual(attribute: attribute, value: value)
        default: return .approximately(attribute: attribute, value: value)
        }
    }

    private mutating func equalityOrSubstrings(_ attribute: String) throws(LDAPError) -> LDAPFilter {
        var parts = [try value()]
        while take("*") { parts.append(try value()) }
        if parts.count == 1 { return .equal(attribute: attribute, value: parts[0]) }
        let initial = parts.removeFirst()
        let final = parts.removeLast()
        let any = parts.filter { !$0.isEmpty }
        if initial.isEmpty, final.isEmpty, any.isEmpty { return .present(attribute: attribute) }
        return .substrings(
            attribute: attribute,
            initial: initial.isEmpty ? nil : initial,
            any: any,
            final: final.isEmpty ? nil : final
        )
    }

    /// `[attribute] [":dn"] [":" rule] ":=" value`, with an attribute or a rule.
    private mutating func extensible(_ attribute: String) throws(LDAPError) -> LDAPFilter {
        var isDN = false
        var rule: String?
        while take(":") {
            if take("=") {
                guard !attribute.isEmpty || rule != nil else {
                    throw fault("“:=” needs an attribute or a matching rule before it")
                }
                let value = try value()
                guard current != UInt8(ascii: "*") else { throw fault("“*” in a value is written \\2a") }
                return .extensible(attribute: attribute.isEmpty ? nil : attribute, dn: isDN, rule: rule, value: value)
            }
            let name = description()
            guard !name.isEmpty, rule == nil else { throw fault("a matching rule or “:=” expected") }
            if name.lowercased() == "dn", !isDN { isDN = true } else { rule = name }
        }
        throw fault("“:=” expected")
    }

    private mutating func description() -> String {
        let start = index
        while let byte = current, Self.isDescription(byte) { index += 1 }
        return String(decoding: text[start..<index], as: UTF8.self)
    }

    /// A value up to `*` or `)`, its escapes undone.
    private mutating func value() throws(LDAPError) -> [UInt8] {
        var value: [UInt8] = []
        while let byte = current {
            switch byte {
            case UInt8(ascii: ")"), UInt8(ascii: "*"): return value
            case UInt8(ascii: "("): throw fault("“(” in a value is written \\28")
            case 0: throw fault("NUL in a value is written \\00")
            case UInt8(ascii: "\\"):
                guard index + 2 < text.count, let high = Hexadecimal.value(text[index + 1]),
                    let low = Hexadecimal.value(text[index + 2])
                else { throw fault("“\\” without two hexadecimal digits") }
                value.append(high << 4 | low)
                index += 3
            default:
                value.append(byte)
                index += 1
            }
        }
        return value
    }
}
