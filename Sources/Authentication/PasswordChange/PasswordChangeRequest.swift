/// One change of a password by the person it belongs to.
public struct PasswordChangeRequest: Sendable {
    /// Whose it is.
    public enum Account: Sendable, Hashable {
        /// A name as typed, and which sources it is for.
        case named(String, AuthenticationRequest.Selection)
        /// A person known already, with the canonical name, and where the source finds the entry (`Identity.locator`).
        case known(IdentityKey, username: String, locator: String?)
    }

    /// Whose it is.
    public var account: Account

    /// The present password, as typed.
    public var old: Password

    /// The new one, as typed.
    public var new: Password

    /// The caller's address as seen through trusted proxies, for the throttle.
    public var address: String

    /// A change.
    public init(account: Account, old: Password, new: Password, address: String = "") {
        self.account = account
        self.old = old
        self.new = new
        self.address = address
    }
}
