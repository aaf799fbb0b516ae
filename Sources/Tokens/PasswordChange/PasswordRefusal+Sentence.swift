public import Authentication

extension PasswordRefusal {
    /// What to tell the person: one sentence without an end, as error descriptions are.
    public var sentence: String {
        switch reason {
        case .tooShort:
            minimumLength.map { "The new password is too short: it needs at least \($0) characters" }
                ?? "The new password is too short"
        case .tooLong: "The new password is too long"
        case .inHistory: "The new password was used before: choose another"
        case .tooYoung: "The password was changed only a short while ago: it can be changed again later"
        case .tooSimple:
            "The new password is too simple: mix letters, digits and other characters, and leave your name out"
        case .notAllowed: "This password cannot be changed here: ask an administrator"
        case .unchanged: "The new password is the same as the present one"
        case .unusable: "The new password has characters that cannot be used there"
        case .policy:
            "The new password does not meet the rules: it may be too short, too simple or used before, "
                + "or the present one was changed only a short while ago"
        }
    }
}
