import Authentication
import LDAPClient
import Testing

@testable import DirectoryAuth

@Suite struct AccountStateTests {
    // 2026-11-22 06:00 UTC
    static let now = Timestamp(seconds: 1_795_327_200)

    static func fileTime(_ seconds: Int64) -> String { String((seconds + 11_644_473_600) * 10_000_000) }

    static let rows: [(DirectoryKind, [String: String], Rejection.Reason?)] = [
        (.openLDAP, [:], nil),
        (.openLDAP, ["pwdReset": "FALSE"], nil),
        (.openLDAP, ["pwdReset": "TRUE"], .mustChangePassword),
        (.openLDAP, ["pwdAccountLockedTime": "000001010000Z"], .locked),
        (.directoryServer389, ["nsAccountLock": "TRUE"], .disabled),
        (.freeIPA, ["nsAccountLock": "false"], nil),
        (.directoryServer389, ["accountUnlockTime": "19700101000000Z"], .locked),
        (.directoryServer389, ["accountUnlockTime": "20200101000000Z"], nil),
        (.directoryServer389, ["accountUnlockTime": "20380101000000Z"], .locked),
        (.activeDirectory, ["userAccountControl": "512", "accountExpires": "0"], nil),
        (.activeDirectory, ["userAccountControl": "514"], .disabled),
        (.activeDirectory, ["msDS-User-Account-Control-Computed": "16"], .locked),
        (.activeDirectory, ["msDS-User-Account-Control-Computed": "8388608"], .passwordExpired),
        (.activeDirectory, ["accountExpires": "9223372036854775807"], nil),
        (.activeDirectory, ["accountExpires": fileTime(now.seconds - 1)], .accountExpired),
        (.activeDirectory, ["accountExpires": fileTime(now.seconds + 1)], nil),
    ]

    @Test(arguments: rows) func saysWhyAnAccountMayNotBeUsed(
        _ kind: DirectoryKind,
        _ attributes: [String: String],
        _ reason: Rejection.Reason?
    ) {
        let entry = LDAPEntry(dn: "uid=a", attributes: attributes.map { ($0.key, [Array($0.value.utf8)]) })
        #expect(AccountState.refusal(entry, kind: kind, now: Self.now)?.0 == reason)
        for name in attributes.keys { #expect(AccountState.attributes(of: kind).contains(name)) }
    }
}
