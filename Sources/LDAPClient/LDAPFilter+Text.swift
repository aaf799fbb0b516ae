internal import CLDAP

extension LDAPFilter: CustomStringConvertible {
    /// Reads RFC 4515 text.
    ///
    /// Blanks and line ends between components are allowed, as OpenLDAP allows them; at most 64 levels.
    ///
    /// - Throws: `.invalidArgument` that names the character at which reading stopped.
    public init(parsing text: String) throws(LDAPError) {
        var parser = LDAPFilterParser(text)
        self = try parser.parse()
    }

    /// RFC 4515 text, every value escaped by `ldap_bv2escaped_filter_value`.
    public var description: String {
        var text: [UInt8] = []
        write(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The same tree with every value passed through `transform`; the parts of a substring filter one by one.
    public func mapValues<Failure: Error>(
        _ transform: ([UInt8]) throws(Failure) -> [UInt8]
    ) throws(Failure) -> LDAPFilter {
        func map(_ filters: [LDAPFilter]) throws(Failure) -> [LDAPFilter] {
            var mapped: [LDAPFilter] = []
            mapped.reserveCapacity(filters.count)
            for filter in filters { mapped.append(try filter.mapValues(transform)) }
            return mapped
        }
        switch self {
        case .and(let filters): return .and(try map(filters))
        case .or(let filters): return .or(try map(filters))
        case .not(let filter): return .not(try filter.mapValues(transform))
        case .equal(let attribute, let value): return .equal(attribute: attribute, value: try transform(value))
        case .substrings(let attribute, let initial, let any, let final):
            var middle: [[UInt8]] = []
            let start: [UInt8]? = if let initial { try transform(initial) } else { nil }
            for part in any { middle.append(try transform(part)) }
            let end: [UInt8]? = if let final { try transform(final) } else { nil }
            return .substrings(attribute: attribute, initial: start, any: middle, final: end)
        case .greaterOrEqual(let attribute, let value):
            return .greaterOrEqual(attribute: attribute, value: try transform(value))
        case .lessOrEqual(let attribute, let value):
            return .lessOrEqual(attribute: attribute, value: try transform(value))
        case .approximately(let attribute, let value):
            return .approximately(attribute: attribute, value: try transform(value))
        case .present: return self
        case .extensible(let attribute, let dn, let rule, let value):
            return .extensible(attribute: attribute, dn: dn, rule: rule, value: try transform(value))
        }
    }

    private func write(to text: inout [UInt8]) {
        text.append(UInt8(ascii: "("))
        switch self {
        case .and(let filters):
            text.append(UInt8(ascii: "&"))
            for filter in filters { filter.write(to: &text) }
        case .or(let filters):
            text.append(UInt8(ascii: "|"))
            for filter in filters { filter.write(to: &text) }
        case .not(let filter):
            text.append(UInt8(ascii: "!"))
            filter.write(to: &text)
        case .equal(let attribute, let value): Self.writeItem(attribute, "=", value, to: &text)
        case .greaterOrEqual(let attribute, let value): Self.writeItem(attribute, ">=", value, to: &text)
        case .lessOrEqual(let attribute, let value): Self.writeItem(attribute, "<=", value, to: &text)
        case .approximately(let attribute, let value): Self.writeItem(attribute, "~=", value, to: &text)
        case .substrings(let attribute, let initial, let any, let final):
            Self.writeItem(attribute, "=", initial ?? [], to: &text)
            text.append(UInt8(ascii: "*"))
            for part in any where !part.isEmpty {
                LDAPFilterEscaping.append(part, to: &text)
                text.append(UInt8(ascii: "*"))
            }
            LDAPFilterEscaping.append(final ?? [], to: &text)
        case .present(let attribute):
            Self.writeItem(attribute, "=*", [], to: &text)
        case .extensible(let attribute, let dn, let rule, let value):
            LDAPFilterEscaping.appendDescription(attribute ?? "", to: &text)
            if dn { text += Array(":dn".utf8) }
            if let rule {
                text.append(UInt8(ascii: ":"))
                LDAPFilterEscaping.appendDescription(rule, to: &text)
            }
            text += Array(":=".utf8)
            LDAPFilterEscaping.append(value, to: &text)
        }
        text.append(UInt8(ascii: ")"))
    }

    private static func writeItem(_ attribute: String, _ sign: StaticString, _ value: [UInt8], to text: inout [UInt8]) {
        LDAPFilterEscaping.appendDescription(attribute, to: &text)
        sign.withUTF8Buffer { unsafe text.append(contentsOf: $0) }
        LDAPFilterEscaping.append(value, to: &text)
    }
}

/// The one place where filter values are escaped.
enum LDAPFilterEscaping {
    /// Appends a value so that it stands for itself (RFC 4515 §3).
    static func append(_ value: [UInt8], to text: inout [UInt8]) {
        // Most names are letters and digits, which libldap returns as they are.
        if value.allSatisfy(isPlain) {
            text += value
            return
        }
        unsafe value.withUnsafeBytes { octets in
            // libldap only reads; its structures know no const.
            let start = unsafe UnsafeMutableRawPointer(mutating: octets.baseAddress)?.assumingMemoryBound(
                to: CChar.self
            )
            var input = unsafe berval(bv_len: ber_len_t(octets.count), bv_val: start)
            var output = unsafe berval()
            guard unsafe ldap_bv2escaped_filter_value(&input, &output) == 0, let escaped = unsafe output.bv_val else {
                // Out of memory, the only failure there is: a filter that no server accepts is better than a wider one.
                text += Array("\\".utf8)
                return
            }
            unsafe text.append(contentsOf: UnsafeRawBufferPointer(start: escaped, count: Int(output.bv_len)))
            unsafe ldap_memfree(escaped)
        }
    }

    /// Appends an attribute description or a rule. What cannot be part of one is written as an escape, which every
    /// parser refuses there, so that no text given as an attribute can change the filter's meaning.
    static func appendDescription(_ name: String, to text: inout [UInt8]) {
        for byte in name.utf8 {
            if LDAPFilterParser.isDescription(byte) {
                text.append(byte)
            } else {
                let (high, low) = Hexadecimal.digits(byte)
                text += [UInt8(ascii: "\\"), high, low]
            }
        }
    }

    static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "@"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
