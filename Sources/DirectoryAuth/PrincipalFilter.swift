internal import Authentication
internal import LDAPClient

/// Which entry a Kerberos principal is. Pure.
///
/// Not by `user_filter`, which says what people type: whoever may log in with a mail address has no principal of that
/// name. Where two entries match, one by its account name and one by a user principal name that says the same, the
/// principal is ambiguous and nobody is let in.
enum PrincipalFilter {
    /// - Parameter username: the attribute of the canonical name.
    static func filter(_ principal: SignOnPrincipal, kind: DirectoryKind, username: String) -> LDAPFilter {
        let name = Array(principal.name.utf8)
        let whole = Array(principal.description.utf8)
        switch kind {
        case .activeDirectory where principal.name.contains("@"):
            return .equal(attribute: "userPrincipalName", value: name)
        case .activeDirectory:
            return .or([
                .equal(attribute: "sAMAccountName", value: name), .equal(attribute: "userPrincipalName", value: whole),
            ])
        case .freeIPA:
            return .or([.equal(attribute: "uid", value: name), .equal(attribute: "krbPrincipalName", value: whole)])
        case .openLDAP, .directoryServer389, .generic:
            return .equal(attribute: username, value: name)
        }
    }
}
