internal import Authentication

/// What a session keeps of the password it began with: a value that changes when the password does, and what the directory
/// let pass although the entry spoke against it.
///
/// The latter is for grace logins and for servers whose rules are in the entries but switched off: what did not matter to
/// the bind may not end the session at its first refresh. It is a text to everybody else, and compared by us only.
struct CredentialState: Sendable, Hashable {
    /// `pwdChangedTime`, `pwdLastSet` and the like; nil when the directory does not say.
    var value: String?
    /// Of `passwordExpired` and `mustChangePassword`.
    var accepted: Set<Rejection.Reason>

    private static let separator = ";accepted="

    init(value: String?, accepted: Set<Rejection.Reason> = []) {
        self.value = value
        self.accepted = accepted
    }

    /// Reads what `text` wrote; nil was written for a state that says nothing.
    init(text: String?) {
        guard let text, let mark = text.firstRange(of: Self.separator) else {
            self.init(value: text)
            return
        }
        let value = text[..<mark.lowerBound]
        let reasons = text[mark.upperBound...].split(separator: ",").compactMap {
            Rejection.Reason(rawValue: String($0))
        }
        self.init(value: value.isEmpty ? nil : String(value), accepted: Set(reasons))
    }

    /// For the session's row.
    var text: String? {
        guard !accepted.isEmpty else { return value }
        return (value ?? "") + Self.separator + accepted.map(\.rawValue).sorted().joined(separator: ",")
    }
}
