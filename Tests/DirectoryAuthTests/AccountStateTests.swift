import Authentication
import LDAPClient
import Testing

@testable import DirectoryAuth

@Suite struct AccountStateTests {
    // 2026-11-22 06:00 UTC
    static let now = Timestamp(seconds: 1_795_327_200)

    static func fileTime(_ seconds: Int64) -> String { String((seconds + 11_644_473_600) * 10_000_000) }

    static let lockout = PasswordPolicy(locksOut: true, lockoutDuration: 600)
    static let forEver = PasswordPolicy(locksOut: true)
    static let aging = PasswordPolicy(maxAge: 3_600)
    static let must = PasswordPolicy(mustChange: true)
    static let lenient = PasswordPolicy()

    struct Row: Sendable, CustomTestStringConvertible {
        var kind: DirectoryKind
        var attributes: [String: String]
        var policies: [PasswordPolicy] = []
        var reason: Rejection.Reason?
        var testDescription: String { "\(kind.rawValue) \(attributes) \(policies.count)" }

        init(
            _ kind: DirectoryKind,
            _ attributes: [String: String],
            _ policies: [PasswordPolicy] = [],
            _ reason: Rejection.Reason?
        ) {
            (self.kind, self.attributes, self.policies, self.reason) = (kind, attributes, policies, reason)
        }
    }

    // 05:55 is five minutes ago, 05:45 fifteen.
    static let rows: [Row] = [
        Row(.openLDAP, [:], [], nil),
        Row(.openLDAP, ["pwdReset": "FALSE"], [], nil),
        Row(.openLDAP, ["pwdReset": "TRUE"], [], .mustChangePassword),
        Row(.openLDAP, ["pwdReset": "TRUE"], [must], .mustChangePassword),
        Row(.openLDAP, ["pwdReset": "TRUE"], [lenient], nil),
        Row(.openLDAP, ["pwdReset": "TRUE"], [lenient, must], .mustChangePassword),
        Row(.openLDAP, ["pwdAccountLockedTime": "000001010000Z"], [], .locked),
        Row(.openLDAP, ["pwdAccountLockedTime": "000001010000Z"], [lockout], .locked),
        Row(.openLDAP, ["pwdAccountLockedTime": "000001010000Z"], [lenient], nil),
        Row(.openLDAP, ["pwdAccountLockedTime": "20261122055500Z"], [lockout], .locked),
        Row(.openLDAP, ["pwdAccountLockedTime": "20261122054500Z"], [lockout], nil),
        Row(.openLDAP, ["pwdAccountLockedTime": "20261122054500Z"], [lockout, forEver], .locked),
        Row(.openLDAP, ["pwdAccountLockedTime": "20261122054500Z"], [], .locked),
        Row(.openLDAP, ["pwdAccountLockedTime": "20261122054500Z"], [forEver], .locked),
        Row(.openLDAP, ["pwdAccountLockedTime": "20261122060500Z"], [lockout], nil),
        Row(.openLDAP, ["pwdAccountLockedTime": "nonsense"], [lockout], .locked),
        Row(.openLDAP, ["pwdChangedTime": "20261122045959Z"], [aging], .passwordExpired),
        Row(.openLDAP, ["pwdChangedTime": "20261122050000Z"], [aging], nil),
        Row(.openLDAP, ["pwdChangedTime": "20200101000000Z"], [], nil),
        Row(.openLDAP, ["pwdChangedTime": "20200101000000Z"], [lenient], nil),
        Row(.openLDAP, ["pwdChangedTime": "20200101000000Z"], [aging, lenient], nil),
        Row(.generic, ["pwdEndTime": "20261122055959Z"], [], .accountExpired),
        Row(.generic, ["pwdEndTime": "20261122060001Z"], [], nil),
        Row(.generic, ["pwdStartTime": "20261122060001Z"], [], .disabled),
        Row(.generic, ["pwdStartTime": "20261122055959Z"], [], nil),
        Row(.directoryServer389, ["nsAccountLock": "TRUE"], [], .disabled),
        Row(.freeIPA, ["nsAccountLock": "false"], [], nil),
        Row(.directoryServer389, ["accountUnlockTime": "19700101000000Z"], [], .locked),
        Row(.directoryServer389, ["accountUnlockTime": "20200101000000Z"], [], nil),
        Row(.directoryServer389, ["accountUnlockTime": "20380101000000Z"], [], .locked),
        Row(.directoryServer389, ["passwordExpirationTime": "19700101000000Z"], [], .mustChangePassword),
        Row(.directoryServer389, ["passwordExpirationTime": "19700101000001Z"], [], nil),
        Row(.directoryServer389, ["passwordExpirationTime": "20261122055959Z"], [], .passwordExpired),
        Row(.directoryServer389, ["passwordExpirationTime": "20261122060001Z"], [], nil),
        Row(
            .directoryServer389,
            ["passwordExpirationTime": "20200101000000Z", "nsAccountLock": "true"],
            [],
            .disabled
        ),
        Row(.freeIPA, ["krbPrincipalExpiration": "20261122055959Z"], [], .accountExpired),
        Row(.freeIPA, ["krbPrincipalExpiration": "20261122060001Z"], [], nil),
        Row(.freeIPA, ["krbPasswordExpiration": "20261122055959Z"], [], .passwordExpired),
        Row(
            .freeIPA,
            ["passwordExpirationTime": "20200101000000Z", "krbPrincipalExpiration": "20200101000000Z"],
            [],
            .accountExpired
        ),
        Row(.activeDirectory, ["userAccountControl": "512", "accountExpires": "0", "pwdLastSet": "0"], [], nil),
        Row(.activeDirectory, ["userAccountControl": "514"], [], .disabled),
        Row(.activeDirectory, ["msDS-User-Account-Control-Computed": "16"], [], .locked),
        Row(.activeDirectory, ["msDS-User-Account-Control-Computed": "8388608"], [], .passwordExpired),
        Row(
            .activeDirectory,
            ["msDS-User-Account-Control-Computed": "8388608", "pwdLastSet": "0"],
            [],
            .mustChangePassword
        ),
        Row(.activeDirectory, ["accountExpires": "9223372036854775807"], [], nil),
        Row(.activeDirectory, ["accountExpires": fileTime(now.seconds - 1)], [], .accountExpired),
        Row(.activeDirectory, ["accountExpires": fileTime(now.seconds + 1)], [], nil),
        Row(
            .activeDirectory,
            ["accountExpires": fileTime(1), "msDS-User-Account-Control-Computed": "8388608"],
            [],
            .accountExpired
        ),
    ]

    static func entry(_ attributes: [String: String]) -> LDAPEntry {
        LDAPEntry(dn: "uid=a", attributes: attributes.map { ($0.key, [Array($0.value.utf8)]) })
    }

    @Test(arguments: rows) func saysWhyAnAccountMayNotBeUsed(_ row: Row) {
        let entry = Self.entry(row.attributes)
        let findings = AccountState.findings(entry, kind: row.kind, policies: row.policies, now: Self.now)
        #expect(findings.first?.reason == row.reason)
        for name in row.attributes.keys { #expect(AccountState.attributes(of: row.kind).contains(name)) }
        if !row.policies.isEmpty && row.reason != nil { #expect(AccountState.dependsOnPolicy(entry, kind: row.kind)) }
    }

    @Test func policiesAreRead() {
        let entry = Self.entry([
            "pwdLockout": "TRUE", "pwdLockoutDuration": "600", "pwdMaxAge": "3600", "pwdMustChange": "true",
        ])
        let whole = PasswordPolicy(locksOut: true, lockoutDuration: 600, maxAge: 3_600, mustChange: true)
        #expect(PasswordPolicy(entry) == whole)
        #expect(PasswordPolicy(Self.entry(["pwdMaxAge": "-1", "pwdLockoutDuration": "x"])) == PasswordPolicy())
    }

    @Test(
        arguments: [
            (CredentialState(value: nil), nil),
            (CredentialState(value: "20261122061300Z"), "20261122061300Z"),
            (
                CredentialState(value: "20261122061300Z", accepted: [.passwordExpired]),
                "20261122061300Z;accepted=password-expired"
            ),
            (
                CredentialState(value: nil, accepted: [.passwordExpired, .mustChangePassword]),
                ";accepted=must-change-password,password-expired"
            ),
        ] as [(CredentialState, String?)]
    )
    func whatASessionKeepsIsReadBack(_ state: CredentialState, _ text: String?) {
        #expect(state.text == text)
        #expect(CredentialState(text: text) == state)
    }
}
