public import Authentication
public import FoundationEssentials

/// What has changed in the store, by whichever process, for those who remember something of people or sessions.
public enum ObservedChange: Sendable, Hashable {
    /// That session of that person was ended.
    case session(UUID, of: IdentityKey)
    /// That person's account was changed or removed, all sessions of that person were ended, or tokens issued before a
    /// moment are refused.
    case person(IdentityKey)
    /// Tokens of that client issued before a moment are refused.
    case client(String)
    /// Anything may have changed: forget everything.
    case everybody
}

/// Somebody who remembers what the store may take back.
public protocol ChangeObserver: Sendable {
    /// Told within a second of every change, by one caller after the other; must return at once. A change may be told
    /// twice.
    func changed(_ change: ObservedChange)
}
