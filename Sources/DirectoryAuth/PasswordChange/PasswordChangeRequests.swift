internal import Authentication
internal import LDAPClient

/// How a change of a password is said to a kind of server.
struct PasswordChangeRequests: Sendable {
    /// On the connection of the person bound.
    let asPerson: LDAPChange
    /// On the service connection: the old password is shown again, so that no more than a change is asked for.
    let asService: LDAPChange
    /// Without RFC 3062, for a server that allows it only with TLS; nil where there is no other way.
    let withoutOperation: LDAPChange?

    /// Nil when the new password cannot be said to this kind of server.
    init?(kind: DirectoryKind, dn: String, old: Password, new: Password) {
        guard kind == .activeDirectory else {
            // The old one is proved by the bind; with it, servers that check it for themselves (pwdSafeModify) are content.
            asPerson = .password(user: dn, old: old, new: new)
            asService = asPerson
            withoutOperation =
                kind == .directoryServer389 ? .modify(dn: dn, [.init(.replace, "userPassword", [new])]) : nil
            return
        }
        guard let old = UnicodePassword.quoted(old), let new = UnicodePassword.quoted(new) else { return nil }
        // MS-ADTS §3.1.1.3.1.5: with the old value deleted and the new one added it is a change, by whomever; a replacement
        // would be a reset, without history and minimum age.
        asPerson = .modify(dn: dn, [.init(.delete, "unicodePwd", [old]), .init(.add, "unicodePwd", [new])])
        asService = asPerson
        withoutOperation = nil
    }
}

/// Passwords as Active Directory takes them: UTF-16, little-endian, in double quotes (MS-ADTS §3.1.1.3.1.5).
enum UnicodePassword {
    /// Nil for octets that are no UTF-8.
    static func quoted(_ password: Password) -> Password? {
        password.withUnsafeBytes { octets -> Password? in
            // No String on the way, which nobody could wipe, and room for all from the start: UTF-8 is never the shorter one.
            var units: [UInt8] = []
            units.reserveCapacity(octets.count * 2 + 4)
            units += [0x22, 0]
            let isBroken = transcode(octets.makeIterator(), from: UTF8.self, to: UTF16.self, stoppingOnError: true) {
                units.append(UInt8(truncatingIfNeeded: $0))
                units.append(UInt8($0 >> 8))
            }
            units += [0x22, 0]
            return units.lendAndWipe { isBroken ? nil : Password($0) }
        }
    }
}
