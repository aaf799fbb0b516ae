public import Authentication
public import LDAPClient

/// One `[[directory]]` of the configuration, with the kind's defaults where it says nothing.
///
/// Nothing is checked here; `Directory.init` does, and names the key that is wrong.
public struct DirectorySettings: Sendable {
    /// The LDAPServerId.
    public var id: SourceID
    /// For logs and tokens' group names.
    public var name: String
    /// What kind of server it is.
    public var kind: DirectoryKind
    /// In order of preference. All have the same `serviceIdentities`; empty there means nobody but the person can search.
    public var hosts: [LDAPHostSettings]
    /// Hosts that the DNS names, in the order of their positions among `hosts`.
    public var discoveries: [HostDiscovery]
    /// Where people are; may be empty with `bindDNTemplate` only.
    public var userBase: String
    /// How deep people are searched.
    public var userScope: SearchRequest.Scope
    /// RFC 4515 with `{username}` and `{login}`; nil means the kind's. With `bindDNTemplate` nil means any entry.
    public var userFilter: String?
    /// RFC 4514 with `{username}` or `{login}`: who binds, without a search first.
    public var bindDNTemplate: String?
    /// Domains whose `DOMAIN\user` and `user@domain` belong here.
    public var domains: [String]
    /// Whether `{username}` is without such a domain.
    public var stripDomain: Bool
    /// Which attributes say what.
    public var attributes: DirectoryAttributes
    /// How groups are found.
    public var groups: DirectoryGroups
    /// How long a person's entry is remembered; zero looks it up at each login. Unused with `bindDNTemplate`.
    public var dnCache: Duration

    /// A directory with the defaults of its kind.
    public init(
        id: SourceID,
        name: String,
        kind: DirectoryKind,
        hosts: [LDAPHostSettings],
        userBase: String = "",
        groupsBase: String? = nil
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.hosts = hosts
        discoveries = []
        self.userBase = userBase
        userScope = .subtree
        userFilter = nil
        bindDNTemplate = nil
        domains = []
        stripDomain = true
        attributes = kind.defaults.attributes
        groups = kind.defaults.groups
        groups.base = groupsBase
        dnCache = .seconds(60)
    }

    /// What hosts are set up with, those not found yet included.
    var hostSettings: [LDAPHostSettings] { hosts + discoveries.map(\.template) }

    /// The place of a host among everything that `urls` lists.
    func place(ofHost index: Int) -> Int { index + discoveries.count { $0.position <= index } }

    /// The place of a discovery among everything that `urls` lists.
    func place(ofDiscovery index: Int) -> Int { discoveries[index].position + index }
}
