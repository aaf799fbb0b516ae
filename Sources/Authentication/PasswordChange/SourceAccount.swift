/// Whose password is meant, as one source is asked.
public enum SourceAccount: Sendable, Hashable {
    /// As typed; the source strips and folds by its own rules.
    case named(String)
    /// A person known already, and where the entry was.
    case known(IdentityKey, locator: String?)
}
