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
}
