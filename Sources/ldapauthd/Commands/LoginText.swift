import Authentication

/// What a refusal means, and what an administrator does about it.
enum LoginText {
    static func sentence(_ reason: Rejection.Reason) -> String {
        switch reason {
        case .unknownUser: "nobody of that name was found"
        case .ambiguousUser: "more than one entry matches the name"
        case .wrongPassword: "the password is wrong"
        case .emptyPassword: "the password is empty"
        case .locked: "the account is locked"
        case .disabled: "the account is disabled"
        case .passwordExpired: "the password has expired"
        case .mustChangePassword: "the password must be changed first"
        case .accountExpired: "the account has expired"
        case .logonHours: "not at this hour"
        case .workstation: "not from this workstation"
        case .userIDTaken: "the number in attributes.user_id belongs to somebody else"
        case .throttled: "too many attempts failed before"
        case .other: "for a reason of the server's own"
        }
    }

    static func remedy(_ rejection: Rejection) -> String {
        let isLocal = rejection.source == .local
        switch rejection.reason {
        case .unknownUser:
            return isLocal
                ? "`ldapauthd user list` shows the local accounts"
                : "check the spelling, user_base, user_scope, user_filter and domains, and what bind_dn may see"
        case .ambiguousUser: return "make user_filter or user_base narrower, or clean up the entries"
        case .wrongPassword:
            return isLocal
                ? "`ldapauthd user password` sets a new one"
                : "if it is right, the account may be locked: OpenLDAP says no more than this"
        case .emptyPassword: return "give a password"
        case .locked: return "unlock it at the directory, or wait until its lock-out ends"
        case .disabled: return isLocal ? "`ldapauthd user enable`" : "enable it at the directory"
        case .passwordExpired, .mustChangePassword: return "have the password changed at the directory"
        case .accountExpired: return "extend the account at the directory"
        case .logonHours, .workstation: return "the directory allows it: change that there"
        case .userIDTaken: return "give one of the two another number at the directory"
        case .throttled: return "wait, or see throttle in the configuration"
        case .other: return "the server's words are above; look into its log"
        }
    }
}
