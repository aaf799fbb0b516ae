internal import Authentication

/// What an entry says of a person: all that a login needs of it.
struct Person: Sendable, Hashable {
    /// As the server spells it.
    var dn: String
    var stableID: String
    /// Canonical.
    var username: String
    var firstName: String?
    var lastName: String?
    var displayName: String?
    var email: String?
    var mappedUserID: Int32?
    /// Changes when the password does.
    var credentialState: String?
    /// What the entry says against its password; a bind that succeeds proves that the server lets it pass.
    var passwordFindings: Set<Rejection.Reason> = []
    /// For each matcher of `groups.match` the values that groups name the person by.
    var matchValues: [[[UInt8]]] = []
    /// `memberOf`, in mode `member-of` only.
    var memberOf: [String] = []
    /// Active Directory: the group that has the person as a member without saying so; nil in modes that need not know.
    var primaryGroup: SecurityIdentifier?
}
