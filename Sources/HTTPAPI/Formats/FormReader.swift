/// Reads `application/x-www-form-urlencoded` pair by pair, as octets: a password need not be UTF-8.
///
/// Only `&` separates; `+` is a space, in names too; a `%` without two hexadecimal digits is kept as it stands. Nothing
/// is an error here.
struct FormReader: Sequence, IteratorProtocol {
    private let octets: [UInt8]
    private var index = 0

    init(_ body: [UInt8]) {
        octets = body
    }

    /// The next pair, the value still encoded; it is empty when there is no `=`, empty pairs are passed over.
    mutating func next() -> (name: [UInt8], value: ArraySlice<UInt8>)? {
        while index < octets.count {
            let end = octets[index...].firstIndex(of: UInt8(ascii: "&")) ?? octets.count
            let pair = octets[index..<end]
            index = Swift.min(end + 1, octets.count)
            if pair.isEmpty {
                continue
            }
            let separator = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            return (Self.decode(pair[..<separator]), pair[separator...].dropFirst())
        }
        return nil
    }

    /// Undoes the encoding of one name or value.
    static func decode(_ text: ArraySlice<UInt8>) -> [UInt8] {
        // Tokens and most names are as they stand.
        guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return Array(text) }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let octet = text[index]
            index += 1
            switch octet {
            case UInt8(ascii: "+"):
                decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                if index + 2 <= text.endIndex, let high = Hexadecimal.value(text[index]),
                    let low = Hexadecimal.value(text[index + 1])
                {
                    decoded.append(high << 4 | low)
                    index += 2
                } else {
                    decoded.append(octet)
                }
            default:
                decoded.append(octet)
            }
        }
        return decoded
    }
}
