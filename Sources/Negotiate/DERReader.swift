/// Reads DER (X.690) element by element; it answers nil instead of reading past the end.
struct DERReader {
    private var rest: ArraySlice<UInt8>

    init(_ octets: [UInt8]) { rest = octets[...] }
    init(_ octets: ArraySlice<UInt8>) { rest = octets }

    /// Nothing is left.
    var isAtEnd: Bool { rest.isEmpty }

    /// The content of the next element, if it has this tag and is all there; nil and no step otherwise.
    mutating func next(_ tag: UInt8) -> ArraySlice<UInt8>? {
        var cursor = rest
        guard cursor.popFirst() == tag, let first = cursor.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7F)
            guard 1...4 ~= count, cursor.count >= count else { return nil }
            length = cursor.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            cursor = cursor.dropFirst(count)
        }
        guard cursor.count >= length else { return nil }
        rest = cursor.dropFirst(length)
        return cursor.prefix(length)
    }

    /// The content of an element that is all there is in `octets`.
    static func only(_ tag: UInt8, in octets: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var reader = DERReader(octets)
        guard let content = reader.next(tag), reader.isAtEnd else { return nil }
        return content
    }
}
