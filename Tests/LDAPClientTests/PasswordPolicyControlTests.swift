import LDAPClient
import Testing

@Suite struct PasswordPolicyControlTests {
    private static func control(_ value: [UInt8]?) -> [LDAPControl] {
        [LDAPControl(oid: PasswordPolicyControl.oid, value: value)]
    }

    @Test(
        arguments: [
            ([0x30, 0x00], PasswordPolicyControl()),
            ([0x30, 0x05, 0xA0, 0x03, 0x80, 0x01, 0x3C], PasswordPolicyControl(timeBeforeExpiration: 60)),
            ([0x30, 0x06, 0xA0, 0x04, 0x80, 0x02, 0x0E, 0x10], PasswordPolicyControl(timeBeforeExpiration: 3_600)),
            ([0x30, 0x05, 0xA0, 0x03, 0x81, 0x01, 0x02], PasswordPolicyControl(graceAuthNsRemaining: 2)),
            ([0x30, 0x03, 0x81, 0x01, 0x00], PasswordPolicyControl(error: .passwordExpired)),
            ([0x30, 0x03, 0x81, 0x01, 0x01], PasswordPolicyControl(error: .accountLocked)),
            ([0x30, 0x03, 0x81, 0x01, 0x02], PasswordPolicyControl(error: .changeAfterReset)),
            ([0x30, 0x03, 0x81, 0x01, 0x08], PasswordPolicyControl(error: .passwordInHistory)),
            ([0x30, 0x03, 0x81, 0x01, 0x63], PasswordPolicyControl(error: PasswordPolicyControl.Fault(rawValue: 99))),
            (
                [0x30, 0x08, 0xA0, 0x03, 0x81, 0x01, 0x00, 0x81, 0x01, 0x00],
                PasswordPolicyControl(graceAuthNsRemaining: 0, error: .passwordExpired)
            ),
            // Lengths in the long form are BER too.
            ([0x30, 0x81, 0x03, 0x81, 0x01, 0x02], PasswordPolicyControl(error: .changeAfterReset)),
            // Cut off, negative, wrong types, indefinite length: nothing is said.
            ([0x30, 0x03, 0x81, 0x01], PasswordPolicyControl()), ([], PasswordPolicyControl()),
            ([0x30, 0x05, 0xA0, 0x03, 0x80, 0x01, 0xFF], PasswordPolicyControl()),
            ([0x30, 0x80, 0x81, 0x01, 0x02, 0x00, 0x00], PasswordPolicyControl()),
            ([0x04, 0x03, 0x81, 0x01, 0x02], PasswordPolicyControl()),
        ] as [([UInt8], PasswordPolicyControl)]
    )
    func reads(value: [UInt8], control: PasswordPolicyControl) {
        #expect(PasswordPolicyControl(Self.control(value)) == control)
    }

    @Test func readsNetscapesControls() {
        let expired = LDAPControl(oid: "2.16.840.1.113730.3.4.4", value: Array("0".utf8))
        let expiring = LDAPControl(oid: "2.16.840.1.113730.3.4.5", value: Array("86400".utf8))
        #expect(PasswordPolicyControl([expired]) == PasswordPolicyControl(isNetscapeExpired: true))
        #expect(PasswordPolicyControl([expiring]) == PasswordPolicyControl(timeBeforeExpiration: 86_400))
        #expect(
            PasswordPolicyControl([LDAPControl(oid: "2.16.840.1.113730.3.4.5", value: [0xFF])])
                == PasswordPolicyControl()
        )
        let both = Self.control([0x30, 0x03, 0x81, 0x01, 0x02]) + [expired]
        #expect(PasswordPolicyControl(both) == PasswordPolicyControl(error: .changeAfterReset, isNetscapeExpired: true))
        #expect(PasswordPolicyControl([]) == nil)
        #expect(PasswordPolicyControl([LDAPControl(oid: "1.2.3")]) == nil)
        let response = BindResponse(
            resultCode: .invalidCredentials,
            diagnosticMessage: "",
            controls: Self.control([0x30, 0x03, 0x81, 0x01, 0x00]),
            host: "h"
        )
        #expect(response.passwordPolicy?.error?.description == "password-expired")
    }

    /// Random octets, and every cut and every changed octet of a good value, are read without a crash.
    @Test func garbageNeverCrashes() {
        let good: [UInt8] = [0x30, 0x08, 0xA0, 0x03, 0x81, 0x01, 0x03, 0x81, 0x01, 0x02]
        for count in 0..<good.count { _ = PasswordPolicyControl(Self.control(Array(good.prefix(count)))) }
        for index in good.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = good
                changed[index] = byte
                _ = PasswordPolicyControl(Self.control(changed))
            }
        }
        for _ in 0..<50_000 {
            let octets = (0..<Int.random(in: 0...24)).map { _ in UInt8.random(in: 0...255) }
            let control = PasswordPolicyControl(Self.control(octets))
            #expect(control != nil)
            #expect((control?.timeBeforeExpiration ?? 0) >= 0 && (control?.graceAuthNsRemaining ?? 0) >= 0)
        }
        let huge: [UInt8] = [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x81]
        #expect(PasswordPolicyControl(Self.control(huge)) == PasswordPolicyControl())
    }
}
