/// How the groups of a person are found.
public struct DirectoryGroups: Sendable, Hashable {
    /// Where membership is read.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// Nobody has groups.
        case none
        /// Group entries that name the person.
        case search
        /// `memberOf` of the person's entry.
        case memberOf = "member-of"
        /// Active Directory's matching rule 1.2.840.113556.1.4.1941: the server climbs.
        case inChain = "in-chain"
        /// Active Directory's `tokenGroups`: the SIDs of all security groups, named by a search below the base.
        case tokenGroups = "token-groups"
    }

    /// Where membership is read.
    public var mode: Mode
    /// Groups outside are dropped, in every mode; where groups are searched.
    public var base: String?
    /// RFC 4515 text that group entries match.
    public var filter: String
    /// `user attribute:group attribute` pairs, `dn` standing for the person's DN; alternatives.
    public var match: [String]
    /// The attribute that holds a group's name.
    public var name: String
    /// Whether groups of groups count; always with `inChain` and `tokenGroups`.
    public var nested: Bool
    /// How many levels are climbed above the groups that name the person.
    public var maxDepth: Int
    /// How long the parents of a group, and which group a SID belongs to, are remembered; zero asks each time.
    public var cache: Duration

    /// groupOfNames by `member`, nested.
    public init(
        mode: Mode,
        base: String? = nil,
        filter: String = "(objectClass=groupOfNames)",
        match: [String] = ["dn:member"],
        name: String = "cn",
        nested: Bool = true,
        maxDepth: Int = 10,
        cache: Duration = .seconds(300)
    ) {
        self.mode = mode
        self.base = base
        self.filter = filter
        self.match = match
        self.name = name
        self.nested = nested
        self.maxDepth = maxDepth
        self.cache = cache
    }
}
