internal import Glibc

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
    mutating func next() -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
        while index < octets.count {
            let pair = octets[index..<(Self.place(of: UInt8(ascii: "&"), in: octets[index...]) ?? octets.count)]
            index = Swift.min(pair.endIndex + 1, octets.count)
            if pair.isEmpty {
                continue
            }
            let separator = Self.place(of: UInt8(ascii: "="), in: pair) ?? pair.endIndex
            let name = pair[..<separator]
            return (Self.isPlain(name) ? name : Self.decode(name)[...], pair[separator...].dropFirst())
        }
        return nil
    }

    /// True for what is its own decoding, as tokens and most names are.
    static func isPlain(_ text: ArraySlice<UInt8>) -> Bool {
        place(of: UInt8(ascii: "%"), in: text) == nil && place(of: UInt8(ascii: "+"), in: text) == nil
    }

    /// memchr(3) looks at many octets at once, and a form is mostly one long token.
    private static func place(of octet: UInt8, in text: ArraySlice<UInt8>) -> Int? {
        unsafe text.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress,
                let found = unsafe memchr(start, Int32(octet), buffer.count)
            else { return nil }
            return unsafe text.startIndex + (UnsafeRawPointer(found) - start)
        }
    }

    /// Undoes the encoding of one name or value.
    static func decode(_ text: ArraySlice<UInt8>) -> [UInt8] {
        guard !isPlain(text) else { return Array(text) }
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
