internal import Authentication

/// The `data XXX` of Active Directory's result 49: `…AcceptSecurityContext error, data 773, v1db1`.
enum ActiveDirectorySubcode {
    /// The hexadecimal number after `data`, in any case and with any text around it; nil when there is none.
    static func parse(_ diagnosticMessage: String) -> UInt32? {
        let text = Array(diagnosticMessage.utf8.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 })
        let word = Array("data ".utf8)
        guard text.count > word.count else { return nil }
        for start in 0..<(text.count - word.count) where text[start..<start + word.count].elementsEqual(word) {
            if start > 0, isWordOctet(text[start - 1]) { continue }
            let digits = text[(start + word.count)...].prefix { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }
            guard !digits.isEmpty, digits.count <= 8 else { continue }
            let next = start + word.count + digits.count
            if next < text.count, isWordOctet(text[next]) { continue }
            return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        }
        return nil
    }

    private static func isWordOctet(_ byte: UInt8) -> Bool {
        0x30...0x39 ~= byte || 0x61...0x7A ~= byte || byte == UInt8(ascii: "_")
    }

    /// ERROR_LOGON_FAILURE: the password, or on Samba the name, is wrong.
    static let wrongPassword: UInt32 = 0x52E

    /// What a number means. The proved ones appear with the right password only; unknown ones count as a wrong password.
    static func meaning(_ code: UInt32) -> (reason: Rejection.Reason, passwordProved: Bool) {
        switch code {
        case 0x525: (.unknownUser, false)
        case 0x530: (.logonHours, true)
        case 0x531: (.workstation, true)
        case 0x532: (.passwordExpired, true)
        case 0x533: (.disabled, true)
        case 0x701: (.accountExpired, true)
        case 0x773: (.mustChangePassword, true)
        case 0x775: (.locked, false)
        default: (.wrongPassword, false)
        }
    }
}
