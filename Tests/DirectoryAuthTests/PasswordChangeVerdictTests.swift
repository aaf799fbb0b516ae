import Authentication
import LDAPClient
import Testing

@testable import DirectoryAuth

/// What servers answer to a change of a password, word for word as they were seen to.
@Suite struct PasswordChangeVerdictTests {
    private static func policy(_ error: UInt8) -> [LDAPControl] {
        [LDAPControl(oid: PasswordPolicyControl.oid, value: [0x30, 0x03, 0x81, 0x01, error])]
    }

    @Test(
        arguments: [
            (0, "", nil, .openLDAP, .changed),
            (19, "Password fails quality checking policy", 5, .openLDAP, .refused(.tooSimple, minimumLength: nil)),
            (19, "Password is too short for policy", 6, .openLDAP, .refused(.tooShort, minimumLength: nil)),
            (19, "Password is too young to change", 7, .openLDAP, .refused(.tooYoung, minimumLength: nil)),
            (19, "Password is in history of old passwords", 8, .openLDAP, .refused(.inHistory, minimumLength: nil)),
            (50, "User alteration of password is not allowed", 3, .openLDAP, .refused(.notAllowed, minimumLength: nil)),
            (53, "unwilling to verify old password", nil, .openLDAP, .wrongOldPassword),
            (50, "", nil, .openLDAP, .refused(.notAllowed, minimumLength: nil)),
            (13, "Operation requires a secure connection.", nil, .directoryServer389, .undecided(hint: "x")),
            (
                19, "invalid password syntax - password must be at least 9 characters long", nil, .directoryServer389,
                .refused(.tooShort, minimumLength: 9)
            ),
            (
                19, "invalid password syntax - password must contain at least 2 digit characters", nil,
                .directoryServer389, .refused(.tooSimple, minimumLength: nil)
            ),
            (19, "password in history", nil, .directoryServer389, .refused(.inHistory, minimumLength: nil)),
            (19, "within password minimum age", nil, .directoryServer389, .refused(.tooYoung, minimumLength: nil)),
            (
                53, "user is not allowed to change password", nil, .directoryServer389,
                .refused(.notAllowed, minimumLength: nil)
            ),
            (19, "Password is too short", nil, .freeIPA, .refused(.tooShort, minimumLength: nil)),
            (19, "Password reuse not permitted", nil, .freeIPA, .refused(.inHistory, minimumLength: nil)),
            (19, "Too soon to change password", nil, .freeIPA, .refused(.tooYoung, minimumLength: nil)),
            (19, "Password is too simple", nil, .freeIPA, .refused(.tooSimple, minimumLength: nil)),
            (
                53, "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0", nil, .activeDirectory,
                .refused(.policy, minimumLength: nil)
            ),
            (
                19,
                "0000052D: AtrErr: DSID-03191083, #1: 0: 0000052D: DSID-03191083, problem 1005 (CONSTRAINT_ATT_TYPE)",
                nil,
                .activeDirectory, .refused(.policy, minimumLength: nil)
            ),
            (
                19,
                "0000052D: Constraint violation - check_password_restrictions: the password is too short. It should be equal "
                    + "or longer than 7 characters!",
                nil, .activeDirectory, .refused(.tooShort, minimumLength: 7)
            ),
            (
                19,
                "0000052D: Constraint violation - check_password_restrictions: the password does not meet the complexity "
                    + "criteria!",
                nil, .activeDirectory, .refused(.tooSimple, minimumLength: nil)
            ),
            (19, "00000056: AtrErr: DSID-03190F80, #1", nil, .activeDirectory, .wrongOldPassword),
            (
                50, "00000005: SecErr: DSID-031A1190, problem 4003", nil, .activeDirectory,
                .refused(.notAllowed, minimumLength: nil)
            ),
            (53, "0000001F: SvcErr: DSID-031A12D2, problem 5003", nil, .activeDirectory, .undecided(hint: "x")),
            (80, "", nil, .generic, .undecided(hint: nil)),
            (2, "", nil, .generic, .undecided(hint: "x")),
        ] as [(Int32, String, UInt8?, DirectoryKind, PasswordChangeVerdict)]
    )
    func isUnderstood(code: Int32, text: String, fault: UInt8?, kind: DirectoryKind, expected: PasswordChangeVerdict) {
        let verdict = PasswordChangeVerdict(
            ChangeResponse(
                resultCode: LDAPResultCode(rawValue: code),
                diagnosticMessage: text,
                controls: fault.map(Self.policy) ?? [],
                host: "h"
            ),
            kind: kind
        )
        switch (verdict, expected) {
        case (.undecided(let hint), .undecided(let wanted)): #expect((hint == nil) == (wanted == nil), "\(text)")
        default: #expect(verdict == expected, "\(code) \(text)")
        }
    }
}
