public import Authentication

/// A grant a client may use.
public enum Grant: String, Sendable, Hashable, CaseIterable {
    /// RFC 6749 §4.3.
    case password
    /// RFC 6749 §6.
    case refreshToken = "refresh_token"
    /// RFC 6749 §4.4.
    case clientCredentials = "client_credentials"
}

/// How a confidential client proves itself.
public enum ClientSecret: Sendable {
    /// A PHC string made by `ldapauthd client hash-secret`.
    case hash(String)
    /// The secret itself, read from `secret_file`.
    case plain(Password)
}

/// One `[[client]]` of the configuration.
///
/// A class: every request of every thread looks at the same few, and would count the references of each of their parts.
public final class Client: Sendable {
    /// The client_id.
    public let id: String
    /// Nil for a public client.
    public let secret: ClientSecret?
    /// What it may ask for.
    public let grants: Set<Grant>
    /// What scopes it may ask for.
    public let scopes: [String]
    /// What it gets when it asks for none.
    public let defaultScopes: [String]
    /// The `aud` of its tokens; empty means the issuer.
    public let audience: [String]
    /// Sources it is restricted to; empty means `authentication.order`.
    public let sources: [SourceID]
    /// Told to the client in AccessTokenResponse.
    public let redirectURL: String?
    /// Members of one of these are editors.
    public let editorGroups: [String]
    /// A glob (`*`, `?`) for the groups that go into its tokens.
    public let groupFilter: String
    /// Beyond it groups are left out and `groups_overage` is set.
    public let maxGroups: Int
    /// Overrides `tokens.access_lifetime` (for the login client: `login_lifetime`).
    public let accessLifetime: Duration?
    /// Overrides `tokens.refresh_idle`.
    public let refreshIdle: Duration?
    /// Overrides `tokens.session_max`.
    public let sessionMax: Duration?

    /// A client with the defaults of the configuration.
    public init(
        id: String,
        secret: ClientSecret? = nil,
        grants: Set<Grant> = [],
        scopes: [String] = [],
        defaultScopes: [String] = [],
        audience: [String] = [],
        sources: [SourceID] = [],
        redirectURL: String? = nil,
        editorGroups: [String] = [],
        groupFilter: String = "*",
        maxGroups: Int = 200,
        accessLifetime: Duration? = nil,
        refreshIdle: Duration? = nil,
        sessionMax: Duration? = nil
    ) {
        self.id = id
        self.secret = secret
        self.grants = grants
        self.scopes = scopes
        self.defaultScopes = defaultScopes
        self.audience = audience
        self.sources = sources
        self.redirectURL = redirectURL
        self.editorGroups = editorGroups
        self.groupFilter = groupFilter
        self.maxGroups = maxGroups
        self.accessLifetime = accessLifetime
        self.refreshIdle = refreshIdle
        self.sessionMax = sessionMax
    }
}
