// Foundation for normalisation (NFC), which neither the standard library nor FoundationEssentials offers publicly.
internal import Foundation

/// What `DistinguishedName` compares.
///
/// Case is folded the way slapd folds it, letter by letter (`Ü` is `ü`, but `ß` is not `ss`): two entries that a directory
/// keeps apart must never become one here, or one person would get the other's groups. Blanks at either end do not
/// count and inner runs count as one (RFC 4518 §2.6.1). Spellings that differ in composition only are one (NFC).
enum DistinguishedNameFolding {
    /// One `type=value` of an RDN.
    struct Value {
        /// Folded.
        var type: String
        /// Unescaped octets; the BER encoding when `isEncoded`.
        var value: [UInt8]
        /// The value was written as `#` with hexadecimal digits.
        var isEncoded: Bool
    }

    /// The compared form of an RDN: its parts in a fixed order.
    static func rdn(_ values: [Value]) -> String {
        if values.count == 1 { return part(values[0]) }
        // The separator cannot be part of a folded value that is text, and encoded values are hexadecimal.
        return values.map(part).sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
            .joined(separator: "\u{0}+")
    }

    private static func part(_ ava: Value) -> String {
        var octets = ava.value
        if ava.isEncoded {
            guard let content = stringContent(octets) else { return "\(ava.type)=#\(Hexadecimal.text(octets))" }
            octets = content
        }
        guard let text = String(validating: octets, as: UTF8.self) else {
            return "\(ava.type)=#\(Hexadecimal.text(octets))"
        }
        // NUL is doubled so that it never looks like the separator, and "#" cannot be mistaken for an encoded value.
        let value = folded(text)
        return "\(ava.type)=\(value.hasPrefix("#") ? "\u{0}\u{0}" : "")\(escapingNUL(value))"
    }

    private static func escapingNUL(_ text: String) -> String {
        text.utf8.contains(0)
            ? text.split(separator: "\u{0}", omittingEmptySubsequences: false).joined(separator: "\u{0}\u{0}") : text
    }

    /// The content of a BER-encoded OCTET STRING, UTF8String, PrintableString or IA5String (RFC 4514 §2.4).
    private static func stringContent(_ octets: [UInt8]) -> [UInt8]? {
        var reader = BERReader(octets)
        guard let element = reader.next(), reader.isAtEnd, [0x04, 0x0C, 0x13, 0x16].contains(element.tag) else {
            return nil
        }
        return Array(element.content)
    }

    /// A value without regard to case, composition and insignificant blanks.
    static func folded(_ text: String) -> String {
        let isASCII = text.utf8.allSatisfy { $0 < 0x80 }
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        let lower = isASCII ? text : text.precomposedStringWithCanonicalMapping.lowercased()
        var hasBlank = false
        for byte in lower.utf8 {
            if byte == 0x20 {
                hasBlank = !result.isEmpty
                continue
            }
            if hasBlank { result.append(0x20) }
            hasBlank = false
            result.append(0x41...0x5A ~= byte ? byte | 0x20 : byte)
        }
        let folded = String(decoding: result, as: UTF8.self)
        return isASCII ? folded : folded.precomposedStringWithCanonicalMapping
    }

    /// An attribute type in lower case, the usual ones by their short name (RFC 4519, RFC 4524, PKCS #9).
    static func attributeType(_ type: String) -> String {
        let name = type.lowercased()
        return shortNames[name] ?? name
    }

    private static let shortNames: [String: String] = {
        let table: [(short: String, others: [String])] = [
            ("cn", ["2.5.4.3", "commonname"]),
            ("sn", ["2.5.4.4", "surname"]),
            ("serialnumber", ["2.5.4.5"]),
            ("c", ["2.5.4.6", "countryname"]),
            ("l", ["2.5.4.7", "localityname"]),
            ("st", ["2.5.4.8", "stateorprovincename"]),
            ("street", ["2.5.4.9", "streetaddress"]),
            ("o", ["2.5.4.10", "organizationname"]),
            ("ou", ["2.5.4.11", "organizationalunitname"]),
            ("title", ["2.5.4.12"]),
            ("description", ["2.5.4.13"]),
            ("givenname", ["2.5.4.42", "gn"]),
            ("uid", ["0.9.2342.19200300.100.1.1", "userid"]),
            ("mail", ["0.9.2342.19200300.100.1.3", "rfc822mailbox"]),
            ("dc", ["0.9.2342.19200300.100.1.25", "domaincomponent"]),
            ("emailaddress", ["1.2.840.113549.1.9.1", "email", "pkcs9email"]),
            ("uidnumber", ["1.3.6.1.1.1.1.0"]),
            ("gidnumber", ["1.3.6.1.1.1.1.1"]),
            ("entryuuid", ["1.3.6.1.1.16.4"]),
        ]
        return Dictionary(uniqueKeysWithValues: table.flatMap { row in row.others.map { ($0, row.short) } })
    }()
}
