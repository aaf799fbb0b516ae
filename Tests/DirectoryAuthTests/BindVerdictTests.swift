import Authentication
import LDAPClient
import Testing

@testable import DirectoryAuth

@Suite struct BindVerdictTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var code: Int32
        var text = ""
        /// Error of the password policy response.
        var policyError: UInt8?
        var netscapeExpired = false
        var kinds = DirectoryKind.allCases
        var verdict: Verdict

        enum Verdict: Sendable {
            case accepted, hostUnavailable, undecided
            case refused(Rejection.Reason, proved: Bool)
        }

        var testDescription: String { "\(code) \(text) \(policyError.map { "policy \($0)" } ?? "") \(netscapeExpired)" }
    }

    static func adText(_ data: String) -> String {
        "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data \(data), v1db1"
    }

    static let ad: [DirectoryKind] = [.activeDirectory]
    static let slapd: [DirectoryKind] = [.openLDAP]
    static let ds: [DirectoryKind] = [.directoryServer389, .freeIPA]

    static let rows: [Row] = [
        Row(code: 0, verdict: .accepted),
        Row(code: 0, policyError: 2, verdict: .refused(.mustChangePassword, proved: true)),
        Row(code: 0, policyError: 0, verdict: .refused(.passwordExpired, proved: true)),
        Row(code: 0, netscapeExpired: true, verdict: .refused(.mustChangePassword, proved: true)),
        Row(code: 0, policyError: 1, verdict: .refused(.locked, proved: false)),
        // Those that are about changing a password say nothing of a bind.
        Row(code: 0, policyError: 3, verdict: .accepted),
        Row(code: 0, policyError: 4, verdict: .accepted),
        Row(code: 0, policyError: 5, verdict: .accepted),
        Row(code: 0, policyError: 6, verdict: .accepted),
        Row(code: 0, policyError: 7, verdict: .accepted),
        Row(code: 0, policyError: 8, verdict: .accepted),
        Row(code: 49, verdict: .refused(.wrongPassword, proved: false)),
        Row(code: 49, policyError: 2, verdict: .refused(.mustChangePassword, proved: true)),
        Row(code: 49, policyError: 0, verdict: .refused(.passwordExpired, proved: true)),
        Row(code: 49, policyError: 1, verdict: .refused(.locked, proved: false)),
        Row(code: 49, policyError: 7, verdict: .refused(.wrongPassword, proved: false)),
        Row(code: 49, netscapeExpired: true, verdict: .refused(.passwordExpired, proved: true)),
        Row(code: 48, verdict: .refused(.wrongPassword, proved: false)),
        Row(code: 32, verdict: .refused(.unknownUser, proved: false)),
        Row(
            code: 19,
            text: "Exceed password retry limit. Please try later.",
            verdict: .refused(.locked, proved: false)
        ),
        Row(code: 19, kinds: ds, verdict: .refused(.locked, proved: false)),
        Row(code: 19, kinds: slapd, verdict: .refused(.other, proved: false)),
        Row(
            code: 53,
            text: "Account inactivated. Contact system administrator.",
            verdict: .refused(.disabled, proved: false)
        ),
        Row(code: 53, text: "Too many failed logins.\n", verdict: .refused(.locked, proved: false)),
        Row(code: 53, text: "Entry permanently locked.\n", verdict: .refused(.locked, proved: false)),
        Row(
            code: 53,
            text: "Account (Kerberos principal) is expired",
            verdict: .refused(.accountExpired, proved: false)
        ),
        Row(
            code: 19,
            text: "Account inactivity limit exceeded. Contact system administrator to reset.",
            verdict: .refused(.accountExpired, proved: false)
        ),
        Row(
            code: 53,
            text: "unauthenticated bind (DN with no password) disallowed",
            verdict: .refused(.other, proved: false)
        ),
        Row(code: 34, text: "invalid DN", verdict: .refused(.other, proved: false)),
        Row(code: 4711, verdict: .refused(.other, proved: false)),
        Row(code: 51, verdict: .hostUnavailable),
        Row(code: 52, verdict: .hostUnavailable),
        Row(code: 8, text: "BindSimple: Transport encryption required.", verdict: .undecided),
        Row(code: 13, verdict: .undecided),
        Row(code: 1, verdict: .undecided),
        Row(code: 3, verdict: .undecided),
        Row(code: 10, verdict: .undecided),
        Row(code: 80, verdict: .undecided),
        Row(code: 49, text: adText("52e"), kinds: ad, verdict: .refused(.wrongPassword, proved: false)),
        Row(code: 49, text: adText("525"), kinds: ad, verdict: .refused(.unknownUser, proved: false)),
        Row(code: 49, text: adText("530"), kinds: ad, verdict: .refused(.logonHours, proved: true)),
        Row(code: 49, text: adText("531"), kinds: ad, verdict: .refused(.workstation, proved: true)),
        Row(code: 49, text: adText("532"), kinds: ad, verdict: .refused(.passwordExpired, proved: true)),
        Row(code: 49, text: adText("533"), kinds: ad, verdict: .refused(.disabled, proved: true)),
        Row(code: 49, text: adText("701"), kinds: ad, verdict: .refused(.accountExpired, proved: true)),
        Row(code: 49, text: adText("773"), kinds: ad, verdict: .refused(.mustChangePassword, proved: true)),
        Row(code: 49, text: adText("775"), kinds: ad, verdict: .refused(.locked, proved: false)),
        Row(code: 49, text: adText("9999"), kinds: ad, verdict: .refused(.wrongPassword, proved: false)),
        // Elsewhere the text is no proof of anything.
        Row(code: 49, text: adText("773"), kinds: slapd + ds, verdict: .refused(.wrongPassword, proved: false)),
    ]

    @Test(arguments: rows) func meansTheSameEverywhereItIsSaid(_ row: Row) {
        var controls: [LDAPControl] = []
        if let error = row.policyError {
            controls.append(LDAPControl(oid: PasswordPolicyControl.oid, value: [0x30, 3, 0x81, 1, error]))
        }
        if row.netscapeExpired {
            controls.append(LDAPControl(oid: PasswordPolicyControl.netscapeExpiredOID, value: Array("0".utf8)))
        }
        let response = BindResponse(
            resultCode: LDAPResultCode(rawValue: row.code),
            diagnosticMessage: row.text,
            controls: controls,
            host: "h"
        )
        for kind in row.kinds {
            switch (BindVerdict(response, kind: kind), row.verdict) {
            case (.accepted, .accepted), (.hostUnavailable, .hostUnavailable), (.undecided, .undecided): continue
            case (.refused(let reason, let proved), .refused(let wanted, let wantedProved)):
                #expect(reason == wanted && proved == wantedProved, "\(kind)")
            case (let got, _): Issue.record("\(kind): \(got)")
            }
        }
    }

    static let bare: [(code: Int32, text: String, kind: DirectoryKind, isBare: Bool, isDoubtful: Bool)] = [
        (49, "", .openLDAP, true, false),
        (49, "", .generic, true, false),
        (49, "", .activeDirectory, true, false),
        // They say it of a locked account by other words.
        (49, "", .directoryServer389, false, false),
        (49, "", .freeIPA, false, false),
        (49, adText("52e"), .activeDirectory, false, false),
        (49, adText("52e"), .generic, false, false),
        (49, adText("52e"), .openLDAP, true, false),
        (49, adText("775"), .activeDirectory, false, false),
        // ERROR_NO_LOGON_SERVERS, ERROR_ACCOUNT_RESTRICTION, ERROR_TOO_MANY_CONTEXT_IDS
        (49, adText("51f"), .activeDirectory, true, true),
        (49, adText("52f"), .activeDirectory, true, true),
        (49, adText("568"), .generic, true, true),
        (48, "", .openLDAP, false, false),
        (53, "", .openLDAP, false, false),
        (0, "", .openLDAP, false, false),
    ]

    @Test(arguments: bare.indices) func whatABareRefusalLeavesOpen(_ index: Int) {
        let row = Self.bare[index]
        let response = BindResponse(
            resultCode: LDAPResultCode(rawValue: row.code),
            diagnosticMessage: row.text,
            controls: [],
            host: "h"
        )
        #expect(BindVerdict.isBare(response, kind: row.kind) == row.isBare)
        #expect(BindVerdict.isDoubtful(response, kind: row.kind) == row.isDoubtful)
    }

    @Test func warningsAreNoRefusal() {
        // graceAuthNsRemaining 2, and timeBeforeExpiration 300
        for value: [UInt8] in [[0x30, 5, 0xA0, 3, 0x81, 1, 2], [0x30, 6, 0xA0, 4, 0x80, 2, 1, 44]] {
            let response = BindResponse(
                resultCode: .success,
                diagnosticMessage: "",
                controls: [LDAPControl(oid: PasswordPolicyControl.oid, value: value)],
                host: "h"
            )
            #expect(BindVerdict(response, kind: .openLDAP) == .accepted)
        }
    }

    @Test(
        arguments: [
            (adText("52E"), 0x52e), ("DATA 0x", nil), ("data 775", 0x775), ("x data 701", 0x701), ("", nil),
            ("data", nil),
            ("data ", nil), ("mydata 775", nil), ("data 775z", nil), ("data zz, data 532, v", 0x532),
            ("data 123456789", nil), ("data: 775", nil),
        ] as [(String, UInt32?)]
    )
    func subcodesAreReadWithAnyTextAround(_ text: String, _ code: UInt32?) {
        #expect(ActiveDirectorySubcode.parse(text) == code)
    }
}
