// API: LDIF.line("cn", "Jürgen") -> "cn:: SsO8cmdlbg=="

import FoundationEssentials

/// Writes LDIF (RFC 2849).
public enum LDIF {
    /// One `attribute: value` line, in base64 so that any octets are safe.
    public static func line(_ attribute: String, _ value: [UInt8]) -> String {
        "\(attribute):: \(Data(value).base64EncodedString())"
    }

    /// One `attribute: value` line, in base64 where the text needs it.
    public static func line(_ attribute: String, _ value: String) -> String {
        let isPlain =
            value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !value.hasPrefix(":") && !value.hasPrefix("<")
        return isPlain ? "\(attribute): \(value)" : line(attribute, Array(value.utf8))
    }

    /// The values of an attribute in unwrapped LDIF, as text; its name is compared without case.
    public static func values(of attribute: String, in ldif: String) -> [String] {
        ldif.split(separator: "\n").compactMap { line in
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == attribute.lowercased() else {
                return nil
            }
            let rest = line[line.index(after: colon)...]
            guard rest.hasPrefix(":") else { return String(rest.drop { $0 == " " }) }
            return Data(base64Encoded: String(rest.dropFirst().drop { $0 == " " })).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }
}
