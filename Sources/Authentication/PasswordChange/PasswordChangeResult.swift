/// The answer to a change of a password.
public enum PasswordChangeResult: Sendable {
    /// The old password is gone, the new one works; the person as known from now on.
    case changed(Identity)

    /// The old password is wrong, or the account may not be used; as for a login.
    case rejected(Rejection)

    /// The old password is right, but the new one will not do.
    case refused(PasswordRefusal)

    /// Nobody could say.
    case unavailable(Outage)
}

/// Why a new password will not do: one vocabulary for all kinds of sources.
public struct PasswordRefusal: Sendable, Hashable {
    /// What is wrong with it.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        case tooShort = "too-short"
        case tooLong = "too-long"
        case inHistory = "in-history"
        case tooYoung = "too-young"
        case tooSimple = "too-simple"
        case notAllowed = "not-allowed"
        /// The same as the present one.
        case unchanged
        /// Octets that the source cannot keep as a password.
        case unusable
        /// Against the source's rules, which do not say against which.
        case policy
    }

    /// What is wrong with it.
    public var reason: Reason

    /// How many characters are wanted at least; nil where the source does not tell.
    public var minimumLength: Int?

    /// Whose it is; nil when no source was asked.
    public var identity: Identity?

    /// For the log: what the server said. Never a secret.
    public var detail: String

    /// The host that answered, for the audit line.
    public var host: String?

    /// A refusal.
    public init(
        _ reason: Reason,
        minimumLength: Int? = nil,
        identity: Identity? = nil,
        detail: String = "",
        host: String? = nil
    ) {
        self.reason = reason
        self.minimumLength = minimumLength
        self.identity = identity
        self.detail = detail
        self.host = host
    }
}
