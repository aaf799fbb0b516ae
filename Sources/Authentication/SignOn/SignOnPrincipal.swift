/// Whom an authority vouches for: a name in its realm.
public struct SignOnPrincipal: Sendable, Hashable, CustomStringConvertible {
    /// The name without the realm; a name with an `@` of its own is a user principal name.
    public var name: String

    /// The authority's realm; a directory has it among its `domains`.
    public var realm: String

    /// A name in a realm.
    public init(name: String, realm: String) {
        self.name = name
        self.realm = realm
    }

    /// `name@realm`, for logs.
    public var description: String { "\(name)@\(realm)" }
}
