internal import Authentication
internal import LDAPClient

/// What a server's answer to a change of a password means. Pure: the same answer always means the same.
enum PasswordChangeVerdict: Sendable, Hashable {
    /// The new password is in force.
    case changed
    /// The new password, or the change, is against the rules; with the length wanted, where the server tells it.
    case refused(PasswordRefusal.Reason, minimumLength: Int?)
    /// The old password is not right, or not any more.
    case wrongOldPassword
    /// Nobody looked at the passwords.
    case undecided(hint: String?)

    init(_ response: ChangeResponse, kind: DirectoryKind) {
        let text = response.diagnosticMessage.lowercased()
        if response.resultCode == .success {
            self = .changed
        } else if let fault = response.passwordPolicy?.error, let reason = Self.reason(fault) {
            // 389 says "quality" of every rule, and which one in words.
            let told = reason == .tooSimple ? Self.reason(in: text) ?? reason : reason
            self = .refused(told, minimumLength: Self.minimum(in: text))
        } else if kind == .activeDirectory, let verdict = Self.activeDirectory(text) {
            self = verdict
        } else {
            self = Self.byCode(response.resultCode.rawValue, text)
        }
    }

    /// draft-behera-ldap-password-policy-10 §6.2
    private static func reason(_ fault: PasswordPolicyControl.Fault) -> PasswordRefusal.Reason? {
        switch fault {
        case .passwordTooShort: .tooShort
        case .passwordInHistory: .inHistory
        case .passwordTooYoung: .tooYoung
        case .insufficientPasswordQuality: .tooSimple
        case .passwordModNotAllowed: .notAllowed
        default: nil
        }
    }

    /// The Windows error at the beginning of the text. Active Directory gives one for every rule; Samba adds which.
    private static func activeDirectory(_ text: String) -> PasswordChangeVerdict? {
        // ERROR_PASSWORD_RESTRICTION
        if text.hasPrefix("0000052d") { return .refused(reason(in: text) ?? .policy, minimumLength: minimum(in: text)) }
        // ERROR_INVALID_PASSWORD
        if text.hasPrefix("00000056") { return .wrongOldPassword }
        // ERROR_ACCESS_DENIED: "user cannot change password"
        if text.hasPrefix("00000005") { return .refused(.notAllowed, minimumLength: nil) }
        // ERROR_GEN_FAILURE, the answer to a change without TLS.
        if text.hasPrefix("0000001f") { return .undecided(hint: needsTLS) }
        return nil
    }

    private static let needsTLS = "the server wants encryption: use ldaps:// or start_tls = true"

    private static func byCode(_ code: Int32, _ text: String) -> PasswordChangeVerdict {
        switch code {
        // constraintViolation
        case 19: .refused(reason(in: text) ?? .policy, minimumLength: minimum(in: text))
        // unwillingToPerform: OpenLDAP says so of a wrong old password, others of a rule.
        case 53 where text.contains("verify old password"): .wrongOldPassword
        case 53: .refused(reason(in: text) ?? .notAllowed, minimumLength: minimum(in: text))
        // inappropriateAuthentication, invalidCredentials
        case 48, 49: .wrongOldPassword
        // insufficientAccessRights
        case 50: .refused(.notAllowed, minimumLength: nil)
        case 8, 13: .undecided(hint: needsTLS)
        // protocolError: the operation is unknown; authMethodNotSupported and noSuchAttribute likewise.
        case 2, 7, 16: .undecided(hint: "the server does not change passwords this way")
        default: .undecided(hint: nil)
        }
    }

    /// What 389 (pw.c), FreeIPA (ipapwd_common.c) and Samba (password_hash.c) write of the rule that was broken.
    private static func reason(in text: String) -> PasswordRefusal.Reason? {
        let phrases: [(String, PasswordRefusal.Reason)] = [
            ("minimum age", .tooYoung), ("too young", .tooYoung), ("too soon", .tooYoung), ("history", .inHistory),
            ("already used", .inHistory), ("reuse", .inHistory), ("too short", .tooShort),
            ("characters long", .tooShort),
            ("at least", .tooSimple), ("complexity", .tooSimple), ("too simple", .tooSimple),
            ("invalid password syntax", .tooSimple),
            ("quality", .tooSimple), ("based off", .tooSimple), ("dictionary", .tooSimple),
            ("not allowed to change", .notAllowed), ("user is not allowed", .notAllowed), ("locked", .notAllowed),
        ]
        return phrases.first { text.contains($0.0) }?.1
    }

    /// The number in "at least 8 characters long", "longer than 7 characters".
    private static func minimum(in text: String) -> Int? {
        guard reason(in: text) == .tooShort else { return nil }
        let words = text.split(separator: " ")
        for (word, next) in zip(words, words.dropFirst()) where word == "least" || word == "than" {
            if let number = Int(next), 1...1024 ~= number { return number }
        }
        return nil
    }
}
