/// One login: a name, a password, and who is to be asked.
public struct AuthenticationRequest: Sendable {
    /// Which sources a request names.
    public enum Selection: Sendable, Hashable {
        /// None: a domain in the name decides, else the order.
        case unnamed
        /// An LDAPServerId, or `authentication.default_directory`.
        case directory(SourceID)
        /// WindowsAuthentication with a password: directories of kind active-directory, never local accounts.
        case windows
    }

    /// As typed.
    public var username: String

    /// As typed.
    public var password: Password

    /// Who is to be asked.
    public var selection: Selection

    /// The client's `sources`; empty means `authentication.order`.
    public var sources: [SourceID]

    /// The caller's address as seen through trusted proxies, for throttle and audit.
    public var address: String

    /// The client the login is for, for the audit line.
    public var client: String

    /// A login.
    public init(
        username: String,
        password: Password,
        selection: Selection = .unnamed,
        sources: [SourceID] = [],
        address: String = "",
        client: String = ""
    ) {
        self.username = username
        self.password = password
        self.selection = selection
        self.sources = sources
        self.address = address
        self.client = client
    }
}
