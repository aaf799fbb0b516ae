internal import Authentication

/// What a person's own token tells about the person (OpenID Connect Core §5.3.2, as far as names go).
public struct UserInfo: Sendable, Hashable {
    /// `sub`.
    public var subject: String
    /// `preferred_username`: the canonical name.
    public var username: String
    /// `given_name`.
    public var firstName: String?
    /// `family_name`.
    public var lastName: String?
    /// `name`.
    public var displayName: String?
    /// `email`.
    public var email: String?
    /// `groups`: all of them, sorted.
    public var groups: [String]
    /// `userId`.
    public var userID: Int32

    /// A person.
    public init(
        subject: String,
        username: String,
        firstName: String? = nil,
        lastName: String? = nil,
        displayName: String? = nil,
        email: String? = nil,
        groups: [String] = [],
        userID: Int32
    ) {
        self.subject = subject
        self.username = username
        self.firstName = firstName
        self.lastName = lastName
        self.displayName = displayName
        self.email = email
        self.groups = groups
        self.userID = userID
    }

    init(_ session: Session) {
        let identity = session.identity
        self.init(
            subject: identity.key.subject,
            username: identity.username,
            firstName: identity.firstName,
            lastName: identity.lastName,
            displayName: identity.displayName,
            email: identity.email,
            groups: identity.groups,
            userID: session.userID
        )
    }
}
