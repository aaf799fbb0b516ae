/// What to search for.
public struct SearchRequest: Sendable, Hashable {
    /// How deep (RFC 4511 §4.5.1.2).
    public enum Scope: Int32, Sendable, Hashable {
        case base = 0
        case oneLevel = 1
        case subtree = 2
    }

    /// Where to begin.
    public var base: String
    /// How deep.
    public var scope: Scope
    /// What to match.
    public var filter: LDAPFilter
    /// Which attributes to return; empty means all user attributes.
    public var attributes: [String]
    /// At most so many entries; 0 means no limit of ours.
    public var sizeLimit: Int32
    /// Entries per page (RFC 2696); nil asks without paging.
    public var pageSize: Int32?
    /// Further request controls.
    public var controls: [LDAPControl]

    /// A search.
    public init(
        base: String,
        scope: Scope = .subtree,
        filter: LDAPFilter = .present(attribute: "objectClass"),
        attributes: [String] = [],
        sizeLimit: Int32 = 0,
        pageSize: Int32? = nil,
        controls: [LDAPControl] = []
    ) {
        self.base = base
        self.scope = scope
        self.filter = filter
        self.attributes = attributes
        self.sizeLimit = sizeLimit
        self.pageSize = pageSize
        self.controls = controls
    }
}
