/// The target of a request (RFC 9112 §3.2), origin form or absolute form, taken apart.
struct RequestTarget: Sendable, Hashable {
    /// The path as sent, without query and fragment.
    let path: String
    /// What follows the first question mark, or nil.
    let query: String?

    init(_ text: String) {
        // Nearly all there are.
        if text.utf8.first == UInt8(ascii: "/"),
            !text.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") })
        {
            path = text
            query = nil
            return
        }
        var rest = Substring(text)
        if !rest.hasPrefix("/"), let scheme = rest.range(ofASCII: "://") {
            let authority = rest[scheme.upperBound...]
            rest = authority.firstIndex { $0 == "/" || $0 == "?" }.map { authority[$0...] } ?? "/"
        }
        if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
        if let mark = rest.firstIndex(of: "?") {
            path = String(rest[..<mark])
            query = String(rest[rest.index(after: mark)...])
        } else {
            path = String(rest)
            query = nil
        }
    }

    /// The path as routes are compared: percent-decoded once, in lower case, without its trailing slash.
    /// A path that decodes to something else than UTF-8 matches no route, nor does one with an encoded slash: a proxy in
    /// front that restricts by path would not see it as the path it becomes.
    var key: String {
        var octets: [UInt8] = []
        octets.reserveCapacity(path.utf8.count)
        var iterator = path.utf8.makeIterator()
        while let octet = iterator.next() {
            guard octet == UInt8(ascii: "%") else {
                octets.append(octet)
                continue
            }
            guard let high = iterator.next().flatMap(Hexadecimal.value),
                let low = iterator.next().flatMap(Hexadecimal.value)
            else {
                return ""
            }
            guard high << 4 | low != UInt8(ascii: "/") else { return "" }
            octets.append(high << 4 | low)
        }
        for index in octets.indices where (65...90).contains(octets[index]) { octets[index] |= 0x20 }
        if octets.count > 1, octets.last == UInt8(ascii: "/") { octets.removeLast() }
        return String(validating: octets, as: UTF8.self) ?? ""
    }
}

extension Substring {
    fileprivate func range(ofASCII text: StaticString) -> Range<Index>? {
        let needle = Array(text.description)
        var index = startIndex
        while index < endIndex {
            if self[index...].starts(with: needle) { return index..<self.index(index, offsetBy: needle.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
