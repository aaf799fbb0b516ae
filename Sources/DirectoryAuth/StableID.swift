internal import LDAPClient

/// The stable id as text, and back as the octets to search by.
enum StableID {
    /// Attributes whose sixteen octets are a GUID in Microsoft's order (MS-DTYP §2.3.4).
    private static let guidAttributes: Set<String> = ["objectguid", "ms-ds-consistencyguid", "msexchmailboxguid"]

    /// The text of a value: GUIDs in lower case, binary values in hexadecimal; nil when it is empty.
    static func text(_ value: [UInt8], attribute: String) -> String? {
        let attribute = attribute.lowercased()
        if guidAttributes.contains(attribute), let guid = GUIDFormatting.guid(value) { return guid }
        if attribute == "objectsid", let sid = GUIDFormatting.sid(value) { return sid }
        guard !value.isEmpty else { return nil }
        guard let text = String(validating: value, as: UTF8.self), value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            return Hexadecimal.text(value)
        }
        return isUUID(value) ? text.lowercased() : text
    }

    /// A filter that finds the entry with this id. It may find a few others too: whoever uses it compares `text`.
    static func filter(_ text: String, attribute: String) -> LDAPFilter {
        let name = attribute.lowercased()
        if guidAttributes.contains(name), let octets = guidOctets(text) {
            return .equal(attribute: attribute, value: octets)
        }
        let plain = LDAPFilter.equal(attribute: attribute, value: Array(text.utf8))
        // Active Directory takes S-1-… in a filter as it is; so does every server that writes its ids as text.
        guard name != "objectsid", let octets = octets(hexadecimal: Array(text.utf8)) else { return plain }
        return .or([plain, .equal(attribute: attribute, value: octets)])
    }

    private static func octets(hexadecimal text: [UInt8]) -> [UInt8]? {
        guard !text.isEmpty, text.count.isMultiple(of: 2) else { return nil }
        var octets: [UInt8] = []
        for index in stride(from: 0, to: text.count, by: 2) {
            guard let high = Hexadecimal.value(text[index]), let low = Hexadecimal.value(text[index + 1]) else {
                return nil
            }
            octets.append(high << 4 | low)
        }
        return octets
    }

    /// The inverse of `GUIDFormatting.guid`.
    private static func guidOctets(_ text: String) -> [UInt8]? {
        let bytes = Array(text.utf8)
        guard isUUID(bytes), let o = octets(hexadecimal: bytes.filter { $0 != UInt8(ascii: "-") }) else { return nil }
        return [o[3], o[2], o[1], o[0], o[5], o[4], o[7], o[6]] + o[8...]
    }

    /// 8-4-4-4-12 hexadecimal digits in any case (RFC 9562 §4).
    private static func isUUID(_ text: [UInt8]) -> Bool {
        guard text.count == 36 else { return false }
        return text.indices.allSatisfy { index in
            [8, 13, 18, 23].contains(index)
                ? text[index] == UInt8(ascii: "-")
                : Hexadecimal.value(text[index]) != nil
        }
    }
}
