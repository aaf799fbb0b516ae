/// What a root DSE says of a server (RFC 4512 §5.1).
public struct RootDSE: Sendable, Hashable {
    /// Every attribute the server returned.
    public var entry: LDAPEntry

    /// A root DSE.
    public init(entry: LDAPEntry) { self.entry = entry }

    /// All attributes, operational ones too.
    static let request = SearchRequest(base: "", scope: .base, attributes: ["*", "+"])
    /// As little as can be asked: whether anybody answers.
    static let probe = SearchRequest(base: "", scope: .base, attributes: ["1.1"])
}
