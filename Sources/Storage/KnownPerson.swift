public import Authentication

/// Somebody who has logged in, by what the last login said.
public struct KnownPerson: Sendable, Hashable {
    /// Who it is.
    public let key: IdentityKey
    /// The name of the source.
    public let sourceName: String
    /// The canonical name there.
    public let username: String
    /// The number given here.
    public let userID: Int32

    init(_ row: SQLRow) throws(StoreError) {
        key = IdentityKey(source: SourceID(try row.int32(0)), stableID: try row.text(1))
        sourceName = try row.text(2)
        username = try row.text(3)
        userID = try row.int32(4)
    }
}
