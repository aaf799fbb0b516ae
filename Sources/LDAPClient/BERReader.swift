/// Reads definite-length BER (X.690) from a bounded buffer, as LDAP limits it (RFC 4511 §5.1).
///
/// Whatever the octets are, it answers nil instead of reading past the end.
struct BERReader {
    /// A tag and its content.
    struct Element {
        /// Identifier octet; multi-octet tags are not read.
        let tag: UInt8
        /// Content octets.
        let content: ArraySlice<UInt8>

        /// INTEGER or ENUMERATED of at most eight octets, in two's complement.
        var integer: Int64? {
            guard let first = content.first, content.count <= 8 else { return nil }
            return content.reduce(first & 0x80 == 0 ? 0 : -1) { $0 << 8 | Int64($1) }
        }

        /// The content as UTF-8 text.
        var text: String? { String(validating: content, as: UTF8.self) }

        /// Reads the elements inside.
        var reader: BERReader { BERReader(content) }
    }

    private var rest: ArraySlice<UInt8>

    init(_ octets: [UInt8]) { rest = octets[...] }
    init(_ octets: ArraySlice<UInt8>) { rest = octets }

    /// Nothing is left.
    var isAtEnd: Bool { rest.isEmpty }

    /// The next element; nil at the end or when what is left is no element.
    mutating func next() -> Element? {
        var cursor = rest
        guard let tag = cursor.popFirst(), tag & 0x1F != 0x1F, let first = cursor.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            // 0x80 alone is the indefinite form, which LDAP forbids; four octets are more than any message has.
            let count = Int(first & 0x7F)
            guard 1...4 ~= count, cursor.count >= count else { return nil }
            length = cursor.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            cursor = cursor.dropFirst(count)
        }
        guard cursor.count >= length else { return nil }
        rest = cursor.dropFirst(length)
        return Element(tag: tag, content: cursor.prefix(length))
    }

    /// The next element if it has this tag; nil and no step otherwise.
    mutating func next(_ tag: UInt8) -> Element? {
        guard rest.first == tag else { return nil }
        return next()
    }

    /// How many octets the message at the start of a stream has, its head included; nil when more octets must come
    /// first, 0 when it is no LDAP message.
    static func messageLength(_ octets: some Collection<UInt8>) -> Int? {
        var cursor = octets[...]
        guard let tag = cursor.popFirst() else { return nil }
        guard tag == 0x30 else { return 0 }
        guard let first = cursor.popFirst() else { return nil }
        guard first >= 0x80 else { return 2 + Int(first) }
        let count = Int(first & 0x7F)
        guard 1...4 ~= count else { return 0 }
        guard cursor.count >= count else { return nil }
        return 2 + count + cursor.prefix(count).reduce(0) { $0 << 8 | Int($1) }
    }
}
