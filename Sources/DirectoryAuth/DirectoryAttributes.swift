/// Which attributes of an entry say what of a person.
public struct DirectoryAttributes: Sendable, Hashable {
    /// The stable id; `dn` takes the DN itself.
    public var id: String
    /// The canonical name.
    public var username: String
    /// Given name.
    public var firstName: String
    /// Family name.
    public var lastName: String
    /// The name to show.
    public var displayName: String
    /// Mail address.
    public var email: String
    /// `username@suffix` for people without a mail address; nil leaves it out.
    public var emailSuffix: String?
    /// The userId, where the directory numbers people; nil when the store does.
    public var userID: String?

    /// The names most schemas have (RFC 4519, RFC 2798).
    public init(
        id: String,
        username: String,
        firstName: String = "givenName",
        lastName: String = "sn",
        displayName: String = "displayName",
        email: String = "mail",
        emailSuffix: String? = nil,
        userID: String? = nil
    ) {
        self.id = id
        self.username = username
        self.firstName = firstName
        self.lastName = lastName
        self.displayName = displayName
        self.email = email
        self.emailSuffix = emailSuffix
        self.userID = userID
    }

    /// True when the DN is the stable id.
    var idIsDN: Bool { id.lowercased() == "dn" }
}
