/// Judges proofs made by another authority. It knows nobody's account: that the person may be let in, a directory says.
public protocol SignOnVerifying: Sendable {
    /// Is the proof good, and for whom? Never throws: a bad proof and an outage are both values.
    func verify(_ token: SignOnToken, deadline: ContinuousClock.Instant) async -> SignOnVerdict
}

/// What came of a proof.
public enum SignOnVerdict: Sendable {
    /// It is good; `reply` proves our side to the other one, if that was asked for.
    case proved(SignOnPrincipal, reply: [UInt8]?)

    /// It is not.
    case refused(SignOnRefusal)

    /// Nobody could say.
    case unavailable(Outage)
}

/// A proof that is not good enough.
public struct SignOnRefusal: Sendable, Hashable {
    /// One word for the audit line, such as `replay`.
    public var reason: String

    /// For the operator: the cause. Never any part of the proof.
    public var detail: String

    /// A refusal.
    public init(reason: String, detail: String) {
        self.reason = reason
        self.detail = detail
    }
}
