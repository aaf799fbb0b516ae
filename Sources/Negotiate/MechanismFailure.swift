internal import CGSSAPI

/// A status of GSSAPI that is an error: the two numbers, and what the library says of them.
///
/// It is made on the thread of the failed call, because the library keeps the words for a thread's last failure only.
struct MechanismFailure {
    let major: OM_uint32
    private let minor: OM_uint32
    private let words: String

    init(major: OM_uint32, minor: OM_uint32) {
        self.major = major
        self.minor = minor
        words = Self.text(minor, GSS_C_MECH_CODE) ?? Self.text(major, GSS_C_GSS_CODE) ?? "no reason given"
    }

    /// For the operator.
    var sentence: String {
        // A mechanism without a word of its own says so in these.
        words == "Unknown error" || words == "Success" ? Self.text(major, GSS_C_GSS_CODE) ?? words : words
    }

    /// True when the major status says no more than "failure", so that only the mechanism's code tells why.
    var hidesCause: Bool { cgssapi_routine_error(major) == cgssapi_failure }

    /// The failure in words of this library's callers.
    func error(_ settings: NegotiateAcceptor.Settings) -> NegotiateError {
        switch cgssapi_routine_error(major) {
        case cgssapi_bad_bindings:
            return NegotiateError(.channelBindingMismatch, "the ticket is bound to another TLS connection")
        case cgssapi_bad_mech:
            return NegotiateError(.unsupportedMechanism, "the client offers no Kerberos ticket")
        case cgssapi_defective_token:
            return NegotiateError(.malformedToken, sentence)
        case cgssapi_duplicate_token:
            return NegotiateError(.replay, sentence)
        case cgssapi_credentials_expired:
            return NegotiateError(.ticketExpired, sentence)
        default:
            break
        }
        if let code = Self.codes[Int(Int32(bitPattern: minor))] { return NegotiateError(code, sentence) }
        // Small numbers are those of errno(3): of all files only the replay cache is written.
        if 1...200 ~= minor {
            return NegotiateError(
                .replayCache,
                "the replay cache \(settings.replayCache ?? "") cannot be used: \(sentence)"
            )
        }
        return NegotiateError(.other, sentence)
    }

    /// RFC 4120 §7.5.9 and krb5.h.
    private static let codes: [Int: NegotiateError.Code] = [
        KRB5KRB_AP_ERR_SKEW: .clockSkew,
        KRB5KRB_AP_ERR_TKT_EXPIRED: .ticketExpired,
        KRB5KRB_AP_ERR_TKT_NYV: .ticketNotYetValid,
        KRB5KRB_AP_ERR_REPEAT: .replay,
        KRB5KRB_AP_ERR_BADKEYVER: .wrongKeyVersion,
        KRB5_KT_KVNONOTFOUND: .wrongKeyVersion,
        KRB5KRB_AP_ERR_NOT_US: .otherService,
        KRB5KRB_AP_WRONG_PRINC: .otherService,
        KRB5KRB_AP_ERR_NOKEY: .otherService,
        KRB5_KT_NOTFOUND: .otherService,
        KRB5KRB_AP_ERR_BAD_INTEGRITY: .wrongKey,
        KRB5KRB_AP_ERR_MODIFIED: .wrongKey,
        KRB5KRB_AP_ERR_BADVERSION: .malformedToken,
        KRB5KRB_AP_ERR_MSG_TYPE: .malformedToken,
        KRB5_RC_IO: .replayCache,
        KRB5_RC_IO_IO: .replayCache,
        KRB5_RC_IO_PERM: .replayCache,
        KRB5_RC_IO_SPACE: .replayCache,
        KRB5_RC_IO_UNKNOWN: .replayCache,
        KRB5_RCACHE_BADVNO: .replayCache,
        KRB5_KT_IOERR: .keytab,
        KRB5_KT_FORMAT: .keytab,
        KRB5_KEYTAB_BADVNO: .keytab,
    ]

    private static func text(_ status: OM_uint32, _ kind: Int32) -> String? {
        guard status != 0 else { return nil }
        var minor: OM_uint32 = 0
        var more: OM_uint32 = 0
        var text = unsafe gss_buffer_desc()
        let major = unsafe gss_display_status(&minor, status, kind, cgssapi_kerberos(), &more, &text)
        defer { _ = unsafe gss_release_buffer(&minor, &text) }
        guard cgssapi_is_error(major) == 0 else { return nil }
        return unsafe String(decoding: text.octets, as: UTF8.self)
    }
}
