/// What is to be different about a local account: nil leaves a field as it is, an empty text empties it.
public struct AccountChange: Sendable, Hashable {
    /// Given name.
    public var firstName: String?
    /// Family name.
    public var lastName: String?
    /// Mail address.
    public var email: String?
    /// Groups to be in; to be in one already is no fault.
    public var addedGroups: [String]
    /// Groups to leave; not to be in one is a fault, as it is mostly a slip of the pen.
    public var removedGroups: [String]

    /// A change.
    public init(
        firstName: String? = nil,
        lastName: String? = nil,
        email: String? = nil,
        addedGroups: [String] = [],
        removedGroups: [String] = []
    ) {
        self.firstName = firstName
        self.lastName = lastName
        self.email = email
        self.addedGroups = addedGroups
        self.removedGroups = removedGroups
    }
}
