/// What an administrator says of a new local account; checked by `AccountService`.
public struct NewAccount: Sendable, Hashable {
    /// The name to log in with.
    public var name: String
    /// Given name.
    public var firstName: String?
    /// Family name.
    public var lastName: String?
    /// Mail address.
    public var email: String?
    /// Names of groups, in any order.
    public var groups: [String]

    /// An account to be.
    public init(
        name: String,
        firstName: String? = nil,
        lastName: String? = nil,
        email: String? = nil,
        groups: [String] = []
    ) {
        self.name = name
        self.firstName = firstName
        self.lastName = lastName
        self.email = email
        self.groups = groups
    }
}
