internal import LDAPClient

/// A security identifier of Active Directory, in octets (MS-DTYP §2.4.2.2).
struct SecurityIdentifier: Sendable, Hashable {
    let octets: [UInt8]

    /// Nil when the octets are none.
    init?(_ octets: [UInt8]) {
        guard GUIDFormatting.sid(octets) != nil else { return nil }
        self.octets = octets
    }

    /// `S-1-5-21-…`
    var text: String { GUIDFormatting.sid(octets) ?? "" }

    /// The account or group of the same domain with another relative identifier, which comes last, little-endian; nil when
    /// there is none to replace.
    func sibling(_ relativeIdentifier: UInt32) -> SecurityIdentifier? {
        // Eight octets come before the first part.
        guard octets.count >= 12 else { return nil }
        let number = [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: relativeIdentifier >> $0) }
        return SecurityIdentifier(octets.dropLast(4) + number)
    }

    /// Finds the entry; Active Directory compares the octets.
    var filter: LDAPFilter { .equal(attribute: "objectSid", value: octets) }

    /// The name by which the entry is read wherever it lies (MS-ADTS §3.1.1.3.1.2.4).
    var distinguishedName: String { "<SID=\(text)>" }
}
