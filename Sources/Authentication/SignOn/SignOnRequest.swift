/// One login with a proof instead of a password.
public struct SignOnRequest: Sendable {
    /// The proof.
    public var token: SignOnToken

    /// The client's `sources`; empty means every directory.
    public var sources: [SourceID]

    /// A login.
    public init(token: SignOnToken, sources: [SourceID] = []) {
        self.token = token
        self.sources = sources
    }
}

/// The answer to it.
public enum SignOnResult: Sendable {
    /// The proof is good and the account may be used; `reply` is for the caller.
    case authenticated(Identity, reply: [UInt8]?)

    /// The proof is not good.
    case refused(SignOnRefusal)

    /// The proof is good, but the person is not let in.
    case rejected(SignOnPrincipal, Rejection)

    /// Nobody could say.
    case unavailable(Outage)
}
