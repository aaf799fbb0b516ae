/// One entry of a search result.
public struct LDAPEntry: Sendable, Hashable {
    /// The name as the server spelt it.
    public let dn: String
    /// Attributes in the server's order, with their raw values.
    public let attributes: [(name: String, values: [[UInt8]])]

    /// An entry.
    public init(dn: String, attributes: [(name: String, values: [[UInt8]])]) {
        self.dn = dn
        self.attributes = attributes
    }

    /// The values of an attribute, its name compared without case; empty when it is absent.
    public subscript(attribute: String) -> [[UInt8]] {
        attributes.first { Self.isSame($0.name, attribute) }?.values ?? []
    }

    /// Attribute names are ASCII (RFC 4512 §2.5).
    private static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8) { folded($0) == folded($1) }
    }

    private static func folded(_ octet: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(octet) ? octet | 0x20 : octet
    }

    /// The first value as UTF-8 text; nil when absent or not UTF-8.
    public func text(_ attribute: String) -> String? {
        self[attribute].first.flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Same name, same attributes.
    public static func == (left: LDAPEntry, right: LDAPEntry) -> Bool {
        left.dn == right.dn
            && left.attributes.elementsEqual(right.attributes) { $0.name == $1.name && $0.values == $1.values }
    }

    /// By name.
    public func hash(into hasher: inout Hasher) { hasher.combine(dn) }
}
