internal import LDAPClient

/// The matched values request control (RFC 3876): of an attribute with 20 000 values only those asked about come back.
enum MatchedValues {
    private static let oid = "1.2.826.0.1.3344810.2.3"

    /// Returns of `attributes` only those values that are one of `values`, of the attribute `whole` all. Servers that do not
    /// know the control return everything.
    static func control(attributes: [String], values: [String], whole: String) -> LDAPControl {
        // ValuesReturnFilter ::= SEQUENCE OF SimpleFilterItem; equalityMatch [3] AttributeValueAssertion,
        // present [7] AttributeDescription. An attribute that no item names comes back without values.
        let items = attributes.flatMap { attribute in
            values.flatMap { value in element(0xA3, octetString(attribute) + octetString(value)) }
        }
        return LDAPControl(oid: oid, value: element(0x30, element(0x87, Array(whole.utf8)) + items))
    }

    private static func octetString(_ text: String) -> [UInt8] { element(0x04, Array(text.utf8)) }

    /// Definite lengths, as LDAP wants them (RFC 4511 §5.1).
    private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        if content.count < 0x80 { return [tag, UInt8(content.count)] + content }
        let length = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: content.count >> $0) }.drop { $0 == 0 }
        return [tag, 0x80 | UInt8(length.count)] + length + content
    }
}
