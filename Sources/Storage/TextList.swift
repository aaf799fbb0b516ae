import FoundationEssentials

/// Lists of names in one text column, as a JSON array: both databases can look into it, and any name fits.
enum TextList {
    static func encode(_ names: [String]) -> String {
        guard !names.isEmpty else { return "[]" }
        // Names of groups hardly ever need an escape, and a coder made for each login costs more than its SQL.
        if let octets = plain(names) { return String(decoding: octets, as: UTF8.self) }
        guard let data = try? JSONEncoder().encode(names) else { return "[]" }
        return String(decoding: data, as: UTF8.self)
    }

    /// The array, when no name needs an escape.
    private static func plain(_ names: [String]) -> [UInt8]? {
        var octets: [UInt8] = []
        octets.reserveCapacity(names.reduce(2) { $0 + $1.utf8.count + 3 })
        octets.append(open)
        for name in names {
            if octets.count > 1 { octets.append(comma) }
            octets.append(quote)
            for octet in name.utf8 {
                guard octet >= 0x20, octet != quote, octet != backslash else { return nil }
                octets.append(octet)
            }
            octets.append(quote)
        }
        octets.append(close)
        return octets
    }

    static func decode(_ text: String) -> [String] {
        guard text != "[]" else { return [] }
        if let names = plain(text.utf8) { return names }
        return (try? JSONDecoder().decode([String].self, from: Data(text.utf8))) ?? []
    }

    /// The names of an array without escapes, as `encode` writes it; nil when it is not one.
    private static func plain(_ text: String.UTF8View) -> [String]? {
        guard text.first == open, !text.contains(backslash) else { return nil }
        var names: [String] = []
        var rest = text.dropFirst()
        while rest.popFirst() == quote {
            guard let end = rest.firstIndex(of: quote) else { return nil }
            names.append(String(decoding: rest[..<end], as: UTF8.self))
            rest = rest[end...].dropFirst()
            switch rest.popFirst() {
            case comma: continue
            case close: return rest.isEmpty ? names : nil
            default: return nil
            }
        }
        return nil
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
    private static let comma = UInt8(ascii: ",")
    private static let open = UInt8(ascii: "[")
    private static let close = UInt8(ascii: "]")
}
