internal import LDAPClient

/// One `user attribute:group attribute` of `groups.match`.
struct GroupMatcher: Sendable, Hashable {
    /// Nil for the person's DN.
    let userAttribute: String?
    /// The attribute of the group that names the person.
    let groupAttribute: String

    /// Reads `dn:member` or `uid:memberUid`.
    init(_ text: String) throws(DirectorySettingsError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(Self.isAttribute) else {
            throw DirectorySettingsError(
                .invalid,
                key: "groups.match",
                "“\(text)” is not “user attribute:group attribute”, like dn:member or uid:memberUid"
            )
        }
        userAttribute = parts[0].lowercased() == "dn" ? nil : String(parts[0])
        groupAttribute = String(parts[1])
    }

    private static func isAttribute(_ text: Substring) -> Bool {
        AttributeName.isValid(String(text))
    }
}

/// Names of attributes in settings (RFC 4512 §2.5).
enum AttributeName {
    /// Letters, digits, `-`, `.`, `;` and the `_` that some servers allow.
    static func isValid(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ";"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }
}
