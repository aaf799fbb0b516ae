/// A name as typed, taken apart once for all who look for a domain in it.
public struct LoginName: Sendable, Hashable {
    /// How the domain was written.
    public enum Form: Sendable, Hashable {
        /// No domain in it.
        case plain
        /// `DOMAIN\user`; everything before the first backslash is the domain.
        case downLevel
        /// `user@domain`; everything after the last `@` is the domain.
        case principal
    }

    /// As typed, outer blanks off: `{login}`.
    public let text: String

    /// How the domain was written.
    public let form: Form

    /// The domain, without blanks around it; nil when there is none.
    public let domain: String?

    /// What is left without the domain; `text` when there is none.
    public let user: String

    /// Takes a typed name apart. A separator with nothing on one side of it separates nothing.
    public init(_ typed: String) {
        let trimmed = UsernameFolding.trimmingBlanks(typed)
        text = String(trimmed)
        if let separator = trimmed.utf8.firstIndex(of: UInt8(ascii: "\\")) {
            (form, domain, user) = Self.split(trimmed, at: separator, as: .downLevel)
        } else if let separator = trimmed.utf8.lastIndex(of: UInt8(ascii: "@")) {
            (form, domain, user) = Self.split(trimmed, at: separator, as: .principal)
        } else {
            (form, domain, user) = (.plain, nil, text)
        }
    }

    private static func split(
        _ name: Substring,
        at separator: Substring.Index,
        as form: Form
    ) -> (Form, String?, String) {
        let before = String(UsernameFolding.trimmingBlanks(String(name[..<separator])))
        let after = String(UsernameFolding.trimmingBlanks(String(name[name.utf8.index(after: separator)...])))
        guard !before.isEmpty, !after.isEmpty else { return (.plain, nil, String(name)) }
        return form == .downLevel ? (form, before, after) : (form, after, before)
    }

    /// True when the domain is one of `domains`, compared without case.
    public func belongs(to domains: [String]) -> Bool {
        guard let domain else { return false }
        let folded = UsernameFolding.fold(domain)
        return domains.contains { UsernameFolding.fold($0) == folded }
    }
}
