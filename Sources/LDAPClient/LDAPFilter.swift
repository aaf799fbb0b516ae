/// A search filter as a tree (RFC 4511 §4.5.1.7). Values are raw octets; they are escaped once, when the tree is written.
public indirect enum LDAPFilter: Sendable, Hashable {
    case and([LDAPFilter])
    case or([LDAPFilter])
    case not(LDAPFilter)
    case equal(attribute: String, value: [UInt8])
    /// `initial*any*any*final`; empty parts are left out.
    case substrings(attribute: String, initial: [UInt8]?, any: [[UInt8]], final: [UInt8]?)
    case greaterOrEqual(attribute: String, value: [UInt8])
    case lessOrEqual(attribute: String, value: [UInt8])
    case approximately(attribute: String, value: [UInt8])
    case present(attribute: String)
    /// `attribute:dn:rule:=value`.
    case extensible(attribute: String?, dn: Bool, rule: String?, value: [UInt8])
}
