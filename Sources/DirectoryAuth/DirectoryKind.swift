/// What kind of server a directory is: it sets the defaults of attributes, filters and groups, and how answers are read.
public enum DirectoryKind: String, Sendable, Hashable, CaseIterable {
    /// OpenLDAP's slapd.
    case openLDAP = "openldap"
    /// Microsoft Active Directory and Samba AD.
    case activeDirectory = "active-directory"
    /// 389 Directory Server.
    case directoryServer389 = "389ds"
    /// FreeIPA, a 389 Directory Server with a schema of its own.
    case freeIPA = "freeipa"
    /// Any other LDAPv3 server.
    case generic

    /// 389 Directory Server inside: its codes mean what they mean there.
    var is389: Bool { self == .directoryServer389 || self == .freeIPA }
}

extension DirectoryKind {
    /// What the configuration need not say.
    public struct Defaults: Sendable, Hashable {
        /// RFC 4515 with `{username}` and `{login}`.
        public let userFilter: String
        /// Names of attributes.
        public let attributes: DirectoryAttributes
        /// How groups are found.
        public let groups: DirectoryGroups
    }

    /// The defaults marked "(kind)" in the configuration.
    public var defaults: Defaults {
        Defaults(
            userFilter: userFilter,
            attributes: DirectoryAttributes(id: stableIDAttribute, username: usernameAttribute),
            groups: groups
        )
    }

    private var userFilter: String {
        switch self {
        case .activeDirectory:
            "(&(objectCategory=person)(objectClass=user)(|(sAMAccountName={username})(userPrincipalName={login})))"
        case .freeIPA: "(&(objectClass=posixAccount)(uid={username}))"
        case .openLDAP, .directoryServer389, .generic: "(&(objectClass=person)(uid={username}))"
        }
    }

    private var stableIDAttribute: String {
        switch self {
        case .activeDirectory: "objectGUID"
        case .directoryServer389: "nsUniqueId"
        case .freeIPA: "ipaUniqueID"
        case .openLDAP, .generic: "entryUUID"
        }
    }

    private var usernameAttribute: String { self == .activeDirectory ? "sAMAccountName" : "uid" }

    private var groups: DirectoryGroups {
        switch self {
        case .activeDirectory: DirectoryGroups(mode: .search, filter: "(objectClass=group)")
        case .freeIPA: DirectoryGroups(mode: .memberOf, nested: false)
        // The memberOf plug-in of 389 writes nested groups too, but is off until somebody switches it on.
        case .openLDAP, .directoryServer389, .generic: DirectoryGroups(mode: .search)
        }
    }

    /// Changes when the password does; asked for by name, because it is operational.
    var credentialStateAttribute: String {
        switch self {
        case .activeDirectory: "pwdLastSet"
        case .directoryServer389: "pwdUpdateTime"
        case .freeIPA: "krbLastPwdChange"
        // draft-behera-ldap-password-policy-10 §5.3.2
        case .openLDAP, .generic: "pwdChangedTime"
        }
    }
}
