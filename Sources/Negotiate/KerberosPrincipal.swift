/// A name in Kerberos: its parts and its realm (RFC 4120 §6).
public struct KerberosPrincipal: Sendable, Hashable, CustomStringConvertible {
    /// One for a person, two for most services: `HTTP`, `www.example.org`.
    public let components: [String]
    /// As the KDC spells it, mostly in capitals.
    public let realm: String

    /// Reads the text form, in which `/`, `@` and `\` within a part stand behind a `\` (krb5_parse_name(3)); nil when it
    /// has no realm or an empty part.
    public init?(_ text: String) {
        var parts: [[UInt8]] = [[]]
        var realm: [UInt8]?
        var octets = Array(text.utf8)[...]
        while let octet = octets.popFirst() {
            switch octet {
            case UInt8(ascii: "\\"):
                guard let escaped = octets.popFirst().flatMap(Self.unescaped) else { return nil }
                if realm != nil { realm?.append(escaped) } else { parts[parts.count - 1].append(escaped) }
            case UInt8(ascii: "@"):
                guard realm == nil else { return nil }
                realm = []
            case UInt8(ascii: "/") where realm == nil:
                parts.append([])
            default:
                if realm != nil { realm?.append(octet) } else { parts[parts.count - 1].append(octet) }
            }
        }
        let components = parts.compactMap { $0.isEmpty ? nil : String(validating: $0, as: UTF8.self) }
        guard components.count == parts.count, let realm = realm.flatMap({ String(validating: $0, as: UTF8.self) }),
            !realm.isEmpty
        else { return nil }
        self.components = components
        self.realm = realm
    }

    private static func unescaped(_ octet: UInt8) -> UInt8? {
        switch octet {
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "b"): 0x08
        // NUL ends names in directories and logs alike.
        case UInt8(ascii: "0"): nil
        default: octet
        }
    }

    /// The text form without escapes, for logs.
    public var description: String { components.joined(separator: "/") + "@" + realm }
}
