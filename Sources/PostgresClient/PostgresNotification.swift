/// A message of NOTIFY.
public struct PostgresNotification: Sendable, Hashable {
    /// The channel's name.
    public let channel: String
    /// What was sent with it; may be empty.
    public let payload: String
}

/// What a listener tells.
public enum PostgresEvent: Sendable, Hashable {
    /// The server delivers from now on. Whatever was notified before is lost: ask the tables once.
    case listening
    /// A notification.
    case notification(PostgresNotification)
}
