/// A refusal to look at a password at all, because too many were wrong before it.
public struct ThrottleWait: Sendable, Hashable {
    /// Who has to wait.
    public enum Subject: String, Sendable, Hashable {
        /// The account, whoever asks (or whoever asks from this address).
        case account = "account-waits"
        /// The address, whatever account it asks for.
        case address = "address-waits"
    }

    /// Who has to wait.
    public var subject: Subject

    /// How long still.
    public var remaining: Duration

    /// True for the first attempt refused during a wait: the one that the audit log tells.
    public var isFirst: Bool

    /// How many attempts were refused during the wait before this one.
    public var refusedBefore: Int

    /// A wait.
    public init(_ subject: Subject, remaining: Duration, isFirst: Bool = true, refusedBefore: Int = 0) {
        self.subject = subject
        self.remaining = remaining
        self.isFirst = isFirst
        self.refusedBefore = refusedBefore
    }

    /// Whole seconds after which trying again makes sense (Retry-After), rounded up.
    public var retryAfter: Int {
        Int(max(1, (remaining.wholeMilliseconds + 999) / 1000))
    }

    /// For the audit log.
    public var detail: String {
        let before = refusedBefore > 0 ? "; \(refusedBefore) attempts were refused in the wait before" : ""
        return "waits \(retryAfter) s\(before)"
    }
}
