internal import CLDAP

/// A distinguished name, parsed (RFC 4514) and compared as parsed: spelling, escapes, case and blanks aside.
///
/// Two names are equal when a directory with the usual matching rules takes them for one: attribute types without regard
/// to case and to their numeric form, values as `DistinguishedNameFolding` says, the parts of a multi-valued RDN in any
/// order. Parsing is libldap's (`ldap_str2dn(3)`); what is compared is worked out once, at the start.
public struct DistinguishedName: Sendable, Hashable, CustomStringConvertible {
    /// As it was given.
    public let description: String
    /// The compared form of each RDN, the entry's own first.
    private let canonical: [String]

    /// Reads a name; the empty text is the root of every directory.
    ///
    /// - Throws: `.invalidArgument` when the text is no distinguished name.
    public init(_ text: String) throws(LDAPError) {
        guard let canonical = Self.parse(text) else {
            throw LDAPError(.invalidArgument, "“\(Self.excerpt(text))” is no distinguished name (RFC 4514)")
        }
        description = text
        self.canonical = canonical
    }

    private init(description: String, canonical: [String]) {
        self.description = description
        self.canonical = canonical
    }

    /// How many RDNs it has; 0 for the root.
    public var depth: Int { canonical.count }

    /// The name one level up, in libldap's spelling; nil for the root.
    public var parent: DistinguishedName? {
        guard !canonical.isEmpty else { return nil }
        return DistinguishedName(
            description: Self.textWithoutFirst(description),
            canonical: Array(canonical.dropFirst())
        )
    }

    /// True when `self` lies at or below `base`.
    public func isWithin(_ base: DistinguishedName) -> Bool {
        canonical.count >= base.canonical.count && canonical.suffix(base.canonical.count).elementsEqual(base.canonical)
    }

    /// The first value of an attribute in the entry's own RDN, as it was given but unescaped; nil when it has none or
    /// the value is no text.
    public func rdnValue(_ attribute: String) -> String? {
        let wanted = DistinguishedNameFolding.attributeType(attribute)
        var found: String?
        unsafe Self.withParsed(description) { dn in
            guard let dn = unsafe dn, let rdn = unsafe dn.pointee else { return }
            for ava in unsafe Self.values(of: rdn) where found == nil && ava.type == wanted {
                found = String(validating: ava.value, as: UTF8.self)
            }
        }
        return found
    }

    /// Same name once parsed.
    public static func == (left: DistinguishedName, right: DistinguishedName) -> Bool {
        left.canonical == right.canonical
    }

    /// By parsed form.
    public func hash(into hasher: inout Hasher) { hasher.combine(canonical) }

    /// Text as one attribute value inside a name, so that it stands for itself (RFC 4514 §2.4).
    ///
    /// Escapes what has a meaning anywhere in a value, control characters included, so that the result may also stand
    /// beside other text of the value.
    public static func escapedValue(_ text: String) -> String {
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "<"),
                UInt8(ascii: ">"), UInt8(ascii: "\\"), UInt8(ascii: "="), UInt8(ascii: "#"):
                result += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: " ") where index == 0 || index == bytes.count - 1:
                result += [UInt8(ascii: "\\"), byte]
            case 0..<0x20, 0x7F:
                let (high, low) = Hexadecimal.digits(byte)
                result += [UInt8(ascii: "\\"), high, low]
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension DistinguishedName {
    /// Longer names are refused before they are parsed: no directory has them.
    private static let lengthLimit = 65_536

    private static func excerpt(_ text: String) -> String {
        text.count <= 120 ? text : text.prefix(120) + "…"
    }

    private static func parse(_ text: String) -> [String]? {
        guard text.utf8.count <= lengthLimit else { return nil }
        var canonical: [String] = []
        let isRead = unsafe withParsed(text) { dn in
            guard var rdns = unsafe dn else { return }
            while let rdn = unsafe rdns.pointee {
                canonical.append(DistinguishedNameFolding.rdn(unsafe values(of: rdn)))
                unsafe rdns += 1
            }
        }
        return isRead ? canonical : nil
    }

    private static func textWithoutFirst(_ text: String) -> String {
        var rest = ""
        unsafe withParsed(text) { dn in
            guard let dn = unsafe dn, unsafe dn.pointee != nil else { return }
            var result: UnsafeMutablePointer<CChar>?
            // The list of RDNs ends with NULL, so its tail is the parent's list.
            guard unsafe ldap_dn2str(dn + 1, &result, UInt32(LDAP_DN_FORMAT_LDAPV3)) == LDAP_SUCCESS else { return }
            if let text = unsafe result {
                rest = unsafe String(cString: text)
                unsafe ldap_memfree(text)
            }
        }
        return rest
    }

    /// Lends the parsed list of RDNs, nil for the root; false when the text is no name.
    @discardableResult
    private static func withParsed(_ text: String, _ body: (LDAPDN?) -> Void) -> Bool {
        // A C string ends at NUL: what follows it would be dropped in silence.
        guard !text.utf8.contains(0) else { return false }
        var dn: LDAPDN?
        guard unsafe ldap_str2dn(text, &dn, UInt32(LDAP_DN_FORMAT_LDAPV3)) == LDAP_SUCCESS else { return false }
        defer { unsafe ldap_dnfree(dn) }
        unsafe body(dn)
        return true
    }

    private static func values(of rdn: LDAPRDN) -> [DistinguishedNameFolding.Value] {
        var values: [DistinguishedNameFolding.Value] = []
        var next = unsafe rdn
        while let ava = unsafe next.pointee {
            let type = unsafe ava.pointee.la_attr.octets
            values.append(
                DistinguishedNameFolding.Value(
                    type: DistinguishedNameFolding.attributeType(String(decoding: type, as: UTF8.self)),
                    value: unsafe ava.pointee.la_value.octets,
                    isEncoded: unsafe ava.pointee.la_flags & UInt32(LDAP_AVA_BINARY) != 0
                )
            )
            unsafe next += 1
        }
        return values
    }
}
