/// A client's question about a token (RFC 7662 §2.1), or its wish that it end (RFC 7009 §2.1), read but not judged.
public struct TokenQuery: Sendable {
    /// `token` as sent. The hint of its kind is not needed: the two kinds look different.
    public var token: String?
    /// Who asks.
    public var client: ClientCredentials

    /// A question.
    public init(token: String?, client: ClientCredentials) {
        self.token = token
        self.client = client
    }
}
