/// What the shared phases have settled before a handler is asked.
struct GrantCall: Sendable {
    /// Authenticated, and allowed this grant.
    let client: Client
    /// The scopes asked for, each allowed to the client; nil when none was asked for.
    let scopes: [String]?
    /// Where the request comes from.
    let context: RequestContext
}
