/// The answer to "is this who they say they are?". An outage is never a refusal, a refusal never an outage.
///
/// Indirect: each asynchronous function on its way keeps room for several, and asks for that room at each call.
public indirect enum AuthenticationResult: Sendable {
    /// The password is right and the account may be used.
    case authenticated(Identity)

    /// A source, or the rules, said no.
    case rejected(Rejection)

    /// Nobody could say.
    case unavailable(Outage)
}

/// A refusal: what to tell the caller is derived from it, what to tell the operator is in it.
public struct Rejection: Sendable, Hashable {
    /// One vocabulary for all kinds of sources.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        case unknownUser = "unknown-user"
        case ambiguousUser = "ambiguous-user"
        case wrongPassword = "wrong-password"
        case emptyPassword = "empty-password"
        case locked
        case disabled
        case passwordExpired = "password-expired"
        case mustChangePassword = "must-change-password"
        case accountExpired = "account-expired"
        case logonHours = "logon-hours"
        case workstation
        /// `attributes.user_id` gave a number that another identity owns.
        case userIDTaken = "user-id-taken"
        /// Nobody was asked: too many were wrong before (`Rejection.wait`).
        case throttled
        /// The server refused the bind with a code that fits none of the above.
        case other
    }

    /// Why.
    public var reason: Reason

    /// Which source said so; nil when no source was asked.
    public var source: SourceID?

    /// True only when the source has proved the password, so that the specific reason may be told to the caller.
    public var passwordProved: Bool

    /// The identity refused, once its entry is known.
    public var key: IdentityKey?

    /// For the log: what the server said. Never a secret.
    public var detail: String

    /// The host that answered, for the audit line.
    public var host: String?

    /// How long to wait; only with `throttled`.
    public var wait: ThrottleWait?

    /// False for a `wrongPassword` that may be the right one of an account that cannot be used just now: the throttle does not
    /// remember it, so that it works as soon as the account does.
    public var isConclusive = true

    /// A refusal to ask anybody.
    public init(_ wait: ThrottleWait) {
        self.init(.throttled, detail: wait.detail)
        self.wait = wait
    }

    /// A refusal by `source`.
    public init(
        _ reason: Reason,
        source: SourceID? = nil,
        passwordProved: Bool = false,
        key: IdentityKey? = nil,
        detail: String = "",
        host: String? = nil
    ) {
        self.reason = reason
        self.source = source
        self.passwordProved = passwordProved
        self.key = key
        self.detail = detail
        self.host = host
    }
}

/// Nobody could say: a directory or the store is down, or too busy.
public struct Outage: Sendable, Hashable {
    /// The sources that did not answer.
    public var sources: [SourceID]

    /// For the log: what went wrong.
    public var detail: String

    /// Whole seconds after which trying again makes sense (Retry-After).
    public var retryAfter: Int

    /// True when nothing is broken: there is only more to do here than can be done now.
    public var isOverload: Bool

    /// What was said of the password all the same, by what is kept for an outage. The caller never hears it; the throttle does.
    public var refusal: Rejection?

    /// An outage of `sources`.
    public init(sources: [SourceID], detail: String, retryAfter: Int = 5, isOverload: Bool = false) {
        self.sources = sources
        self.detail = detail
        self.retryAfter = retryAfter
        self.isOverload = isOverload
    }
}

/// What a source says of a person whose session is refreshed; indirect like ``AuthenticationResult``.
public indirect enum RecheckResult: Sendable {
    /// Still there and allowed; the attributes as they are now.
    case current(Identity)

    /// Gone, disabled, locked or expired.
    case ended(Rejection)

    /// Still there, but the password is not the one the session began with.
    case passwordChanged

    /// Nobody could say; the session goes on, but its idle end is not renewed.
    case unavailable(Outage)

    /// There is no identity to search with (bind_dn_template alone): the session ends at its idle end, whatever is refreshed.
    case impossible
}
