public import Authentication

/// What a reverse proxy asks about a request it holds back: may this caller pass, and who is it?
public struct ForwardAuthRequest: Sendable {
    /// What the caller sent along.
    public enum Credentials: Sendable {
        /// Nothing, or nothing that can be read.
        case none
        /// An access token.
        case bearer(String)
        /// A person's name and password.
        case basic(username: String, password: Password)
    }

    /// What the caller sent along.
    public var credentials: Credentials
    /// Groups of which one must be the caller's; nil asks for none, an empty list lets nobody in.
    public var groups: [String]?
    /// Only tokens of this client will do, and no passwords; nil for all.
    public var client: String?

    /// A question.
    public init(credentials: Credentials, groups: [String]? = nil, client: String? = nil) {
        self.credentials = credentials
        self.groups = groups
        self.client = client
    }
}

/// Who may pass, as the proxy tells what lies behind it.
public struct ForwardAuthAnswer: Sendable, Hashable {
    /// The `sub` of the person's tokens; the client id for a client's own token.
    public var subject: String
    /// The name of the source; nil for a client's own token.
    public var source: String?
    /// The canonical name; nil for a client's own token, so that a client never passes for a person of the same name.
    public var username: String?
    /// `userId`; nil for a client's own token.
    public var userID: Int32?
    /// The mail address, if there is one.
    public var email: String?
    /// The person's groups, sorted: with a token those its client may see, with a password all.
    public var groups: [String]

    /// Who may pass.
    public init(
        subject: String,
        source: String? = nil,
        username: String? = nil,
        userID: Int32? = nil,
        email: String? = nil,
        groups: [String] = []
    ) {
        self.subject = subject
        self.source = source
        self.username = username
        self.userID = userID
        self.email = email
        self.groups = groups
    }
}
