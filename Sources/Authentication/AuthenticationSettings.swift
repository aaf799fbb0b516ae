/// `[authentication]` of the configuration, as far as the order of sources goes.
public struct AuthenticationSettings: Sendable, Hashable {
    /// What lets the local accounts follow a directory that was named.
    public enum Fallback: String, Sendable, Hashable, CaseIterable {
        /// The directory does not know the name.
        case unknownUser = "unknown-user"
        /// The directory did not answer.
        case directoryUnavailable = "directory-unavailable"
    }

    /// Who is asked, one after the other, when a request names nobody.
    public var order: [SourceID]

    /// What lets the local accounts follow a directory that was named; a refusal never does.
    public var fallbackToLocal: Set<Fallback>

    /// True when a source that is down may be followed by other directories, false when only by the local accounts.
    public var orderPastOutage: Bool

    /// How long a whole login may take, every directory and the local hash included.
    public var loginBudget: Duration

    /// The defaults of the configuration.
    public init(
        order: [SourceID] = [.local],
        fallbackToLocal: Set<Fallback> = [.unknownUser, .directoryUnavailable],
        orderPastOutage: Bool = false,
        loginBudget: Duration = .seconds(10)
    ) {
        self.order = order
        self.fallbackToLocal = fallbackToLocal
        self.orderPastOutage = orderPastOutage
        self.loginBudget = loginBudget
    }
}
