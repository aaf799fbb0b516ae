/// All entries of a search that ended with success, or with sizeLimitExceeded when the request set a limit.
public struct SearchResult: Sendable, Hashable {
    /// In the server's order.
    public var entries: [LDAPEntry]
    /// How many search references were dropped.
    public var droppedReferences: Int
    /// True when the size limit cut the answer.
    public var isTruncated: Bool

    /// A result.
    public init(entries: [LDAPEntry], droppedReferences: Int = 0, isTruncated: Bool = false) {
        self.entries = entries
        self.droppedReferences = droppedReferences
        self.isTruncated = isTruncated
    }
}
