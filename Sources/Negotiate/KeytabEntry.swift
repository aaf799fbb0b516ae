/// One key of a keytab, without the key.
public struct KeytabEntry: Sendable, Hashable {
    /// Whose key it is, as text: `HTTP/www.example.org@EXAMPLE.ORG`.
    public var principal: String
    /// The key version number (kvno).
    public var version: Int
    /// The name of its encryption type, such as `aes256-cts-hmac-sha1-96`.
    public var encryption: String

    /// A key.
    public init(principal: String, version: Int, encryption: String) {
        self.principal = principal
        self.version = version
        self.encryption = encryption
    }
}
