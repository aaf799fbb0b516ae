internal import Authentication
internal import LDAPClient

/// What a server's answer to a user bind means. Pure: the same answer always means the same.
enum BindVerdict: Sendable, Hashable {
    /// The password is right and may be used.
    case accepted
    /// The server looked at the account or the password and said no.
    case refused(Rejection.Reason, passwordProved: Bool)
    /// Result 51 or 52: this host cannot serve now; the next may be asked (decision 3).
    case hostUnavailable
    /// The server did not look at the password at all. Final, and no wrong password.
    case undecided(hint: String)

    /// True when the directory may have counted the password as a wrong one, as it does before it locks.
    var isGuess: Bool {
        guard case .refused(let reason, let passwordProved) = self, !passwordProved else { return false }
        return [.wrongPassword, .unknownUser, .other].contains(reason)
    }

    /// True for the bare “invalid credentials” that a server says of a wrong password and, unless it is told to be clearer,
    /// of a right one while the account is locked (slapo-ppolicy(5), ppolicy_use_lockout).
    ///
    /// 389 and FreeIPA name a lock before they look at the password, Active Directory's numbers name it beside.
    static func isBare(_ response: BindResponse, kind: DirectoryKind) -> Bool {
        guard response.resultCode == .invalidCredentials, !kind.is389,
            BindVerdict(response, kind: kind) == .refused(.wrongPassword, passwordProved: false)
        else { return false }
        let code = kind == .openLDAP ? nil : ActiveDirectorySubcode.parse(response.diagnosticMessage)
        return code != ActiveDirectorySubcode.wrongPassword
    }

    /// True when the number that Active Directory gives proves nothing: there are more than are listed, for a domain
    /// controller that cannot reach another or somebody in too many groups.
    static func isDoubtful(_ response: BindResponse, kind: DirectoryKind) -> Bool {
        guard kind == .activeDirectory || kind == .generic, isBare(response, kind: kind) else { return false }
        return ActiveDirectorySubcode.parse(response.diagnosticMessage) != nil
    }

    /// Judges an answer of a directory of that kind.
    init(_ response: BindResponse, kind: DirectoryKind) {
        let policy = response.passwordPolicy
        let text = response.diagnosticMessage
        switch response.resultCode.rawValue {
        case 0: self = Self.success(policy)
        case 49: self = Self.invalidCredentials(policy, text, kind: kind)
        case 19: self = Self.constraintViolation(text, kind: kind)
        case 53: self = Self.unwilling(text)
        case 32: self = .refused(.unknownUser, passwordProved: false)
        // inappropriateAuthentication: the entry has no password, so none is right.
        case 48: self = .refused(.wrongPassword, passwordProved: false)
        case 51, 52: self = .hostUnavailable
        case 8, 13: self = .undecided(hint: "the server wants encryption: use ldaps:// or start_tls = true")
        case 10: self = .undecided(hint: "the server refers to another one: name that one in urls")
        case 7: self = .undecided(hint: "the server does not allow simple binds")
        // operationsError, protocolError, timeLimitExceeded, adminLimitExceeded, unavailableCriticalExtension, other
        case 1, 2, 3, 11, 12, 80: self = .undecided(hint: "the server could not check the password")
        default: self = .refused(.other, passwordProved: false)
        }
    }

    /// Success with "must change" is none: that connection then gets 50 (OpenLDAP) or 53 (389) on everything else.
    private static func success(_ policy: PasswordPolicyControl?) -> BindVerdict {
        switch policy?.error {
        case .some(.changeAfterReset): return .refused(.mustChangePassword, passwordProved: true)
        case .some(.passwordExpired): return .refused(.passwordExpired, passwordProved: true)
        case .some(.accountLocked): return .refused(.locked, passwordProved: false)
        // The others are about changing a password (draft-behera-ldap-password-policy-10 §6.2).
        default:
            // Netscape's control alone: must change. Beside a count of grace logins it only says why there is one.
            let mustChange = policy?.isNetscapeExpired == true && policy?.graceAuthNsRemaining == nil
            return mustChange ? .refused(.mustChangePassword, passwordProved: true) : .accepted
        }
    }

    private static func invalidCredentials(
        _ policy: PasswordPolicyControl?,
        _ text: String,
        kind: DirectoryKind
    ) -> BindVerdict {
        if policy?.error == .passwordExpired { return .refused(.passwordExpired, passwordProved: true) }
        if policy?.error == .accountLocked { return .refused(.locked, passwordProved: false) }
        if policy?.error == .changeAfterReset { return .refused(.mustChangePassword, passwordProved: true) }
        if policy?.isNetscapeExpired == true { return .refused(.passwordExpired, passwordProved: true) }
        if kind == .activeDirectory || kind == .generic, let code = ActiveDirectorySubcode.parse(text) {
            let (reason, proved) = ActiveDirectorySubcode.meaning(code)
            return .refused(reason, passwordProved: proved)
        }
        return .refused(.wrongPassword, passwordProved: false)
    }

    /// 389: "Exceed password retry limit", or "Account inactivity limit exceeded" of its account policies; both are said
    /// before the password is looked at.
    private static func constraintViolation(_ text: String, kind: DirectoryKind) -> BindVerdict {
        let text = text.lowercased()
        if text.contains("inactivity limit") { return .refused(.accountExpired, passwordProved: false) }
        let isLocked = kind.is389 || text.contains("retry limit")
        return .refused(isLocked ? .locked : .other, passwordProved: false)
    }

    /// 389: "Account inactivated"; FreeIPA: "Too many failed logins", "Entry permanently locked", "Account (Kerberos
    /// principal) is expired". All are said with the right password and with a wrong one, so none proves it.
    private static func unwilling(_ text: String) -> BindVerdict {
        let text = text.lowercased()
        let reason: Rejection.Reason =
            if text.contains("inactivated") {
                .disabled
            } else if text.contains("too many failed") || text.contains("permanently locked") {
                .locked
            } else if text.contains("principal) is expired") {
                .accountExpired
            } else {
                .other
            }
        return .refused(reason, passwordProved: false)
    }
}
