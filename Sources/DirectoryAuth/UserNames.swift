internal import Authentication

/// A name as typed in the forms that templates ask for.
struct UserNames: Sendable, Hashable {
    /// Longer names are nobody's, and no directory is bothered with them.
    static let lengthLimit = 256

    /// `{login}`: as typed, outer blanks off.
    let login: String
    /// `{username}`: without the domain, if it is one of the directory's own.
    let username: String

    /// Nil for a name that nobody can have: empty, longer than 256 octets, or with a NUL.
    init?(_ typed: String, domains: [String], stripDomain: Bool) {
        // Every blank is one octet at least, so this bounds the work below whatever was sent.
        guard typed.utf8.count <= Self.lengthLimit * 16 else { return nil }
        let name = LoginName(typed)
        guard !name.text.isEmpty, name.text.utf8.count <= Self.lengthLimit, !name.text.utf8.contains(0) else {
            return nil
        }
        login = name.text
        username = stripDomain && name.belongs(to: domains) ? name.user : name.text
    }
}
