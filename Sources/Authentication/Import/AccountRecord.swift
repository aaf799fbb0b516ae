public import FoundationEssentials

/// One account as a file names it, before anything in it was judged.
public struct AccountRecord: Sendable, Hashable {
    /// Where it stands, from 1.
    public var line: Int
    /// The name to log in with.
    public var name: String
    /// A hash of any form, or nil for an account without a password.
    public var passwordHash: String?
    /// Given name.
    public var firstName: String?
    /// Family name.
    public var lastName: String?
    /// Mail address.
    public var email: String?
    /// Names of groups.
    public var groups: [String] = []
    /// May not log in.
    public var isDisabled = false
    /// The id it had elsewhere, which its tokens' `sub` is made of; nil for a new one.
    public var id: UUID?
    /// When it was made; nil is now.
    public var createdAt: Timestamp?
    /// When its password was set; nil is now.
    public var passwordChangedAt: Timestamp?

    init(line: Int, name: String, passwordHash: String? = nil) {
        self.line = line
        self.name = name
        self.passwordHash = passwordHash
    }
}
