/// Active Directory's binary identifiers in the form its own tools print.
public enum GUIDFormatting {
    /// `objectGUID` as `01234567-89ab-cdef-0123-456789abcdef`, the first three groups little-endian on the wire (MS-DTYP
    /// §2.3.4.2); nil unless there are 16 octets.
    public static func guid(_ octets: [UInt8]) -> String? {
        guard octets.count == 16 else { return nil }
        let groups = [[3, 2, 1, 0], [5, 4], [7, 6], [8, 9], [10, 11, 12, 13, 14, 15]]
        return groups.map { group in Hexadecimal.text(group.map { octets[$0] }) }.joined(separator: "-")
    }

    /// `objectSid` as `S-1-5-21-…` (MS-DTYP §2.4.2.1); nil when the octets are no SID.
    public static func sid(_ octets: [UInt8]) -> String? {
        guard octets.count >= 8, octets[0] == 1, octets[1] <= 15, octets.count == 8 + 4 * Int(octets[1]) else {
            return nil
        }
        let authority = octets[2..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        // Written in hexadecimal from 2^32 on.
        var text = authority < 1 << 32 ? "S-1-\(authority)" : "S-1-0x\(Hexadecimal.text(octets[2..<8]))"
        for start in stride(from: 8, to: octets.count, by: 4) {
            let part = octets[start..<start + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            text += "-\(part)"
        }
        return text
    }
}
