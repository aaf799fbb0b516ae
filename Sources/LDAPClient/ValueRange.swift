/// A part of an attribute's values, as Active Directory hands out those with more than 1500: `member;range=0-1499`, and
/// `member;range=1500-*` for the last part (MS-ADTS §3.1.1.3.1.3.3).
struct ValueRange: Sendable, Hashable {
    /// The attribute without the option.
    var attribute: String
    /// The place of the first value.
    var first: Int
    /// The place of the last value; nil when nothing follows.
    var last: Int?

    /// Reads an attribute's name as it came back; nil when it names no part.
    init?(attribute description: String) {
        // Most names have no option, and every name of every answer comes here.
        guard description.utf8.contains(UInt8(ascii: ";")) else { return nil }
        let parts = description.split(separator: ";", omittingEmptySubsequences: false)
        let option = "range="
        // Attribute options are ASCII, compared without case (RFC 4512 §2.5).
        guard let position = parts.indices.dropFirst().first(where: { parts[$0].lowercased().hasPrefix(option) }) else {
            return nil
        }
        let limits = parts[position].dropFirst(option.count).split(separator: "-", omittingEmptySubsequences: false)
        guard limits.count == 2, let first = Self.number(limits[0]) else { return nil }
        if limits[1] == "*" {
            last = nil
        } else {
            guard let number = Self.number(limits[1]), number >= first else { return nil }
            last = number
        }
        self.first = first
        // Other options, a language for instance, stay part of the name.
        attribute = (parts[..<position] + parts[(position + 1)...]).joined(separator: ";")
    }

    /// What to ask for to get an attribute's values from a place on.
    static func request(_ attribute: String, from first: Int) -> String { "\(attribute);range=\(first)-*" }

    private static func number(_ text: Substring) -> Int? {
        // Fewer than 2^31 values have a place in one entry.
        guard 1...9 ~= text.utf8.count, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return Int(text)
    }
}
