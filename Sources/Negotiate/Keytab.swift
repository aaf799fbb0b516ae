internal import CGSSAPI

/// A keytab, looked into to explain why tickets are refused. Every call blocks.
public struct Keytab: Sendable {
    /// Where it lies.
    public let path: String

    /// The keytab at `path`.
    public init(path: String) {
        self.path = path
    }

    /// Every key, in the order of the file.
    ///
    /// - Throws: `NegotiateError` with the code `keytab`.
    public func entries() throws(NegotiateError) -> [KeytabEntry] {
        try unsafe withKeytab { (context, keytab) throws(NegotiateError) in
            var cursor: krb5_kt_cursor?
            try unsafe check(krb5_kt_start_seq_get(context, keytab, &cursor), context)
            defer { _ = unsafe krb5_kt_end_seq_get(context, keytab, &cursor) }
            var entries: [KeytabEntry] = []
            while true {
                var entry = unsafe krb5_keytab_entry()
                let code = unsafe krb5_kt_next_entry(context, keytab, &entry, &cursor)
                if Int(code) == KRB5_KT_END { return entries }
                try unsafe check(code, context)
                defer { _ = unsafe krb5_free_keytab_entry_contents(context, &entry) }
                unsafe entries.append(
                    KeytabEntry(
                        principal: Self.text(of: entry.principal, context),
                        version: Int(entry.vno),
                        encryption: Self.encryption(entry.key.enctype)
                    )
                )
            }
        }
    }

    /// The version of the key with which the KDC encrypts tickets for `principal` now: a ticket for itself is fetched with
    /// the keytab's own key.
    ///
    /// - Throws: `NegotiateError`: `wrongKey` when the KDC knows another key, `otherService` when it knows no such principal
    ///   (Active Directory knows service principals as such only when they are user principal names too), `kdc` otherwise.
    public func versionAtKDC(of principal: String) throws(NegotiateError) -> Int {
        try unsafe withKeytab { (context, keytab) throws(NegotiateError) in
            var name: krb5_principal?
            try unsafe check(krb5_parse_name(context, principal, &name), context)
            defer { unsafe krb5_free_principal(context, name) }
            var credentials = unsafe krb5_creds()
            let code = unsafe krb5_get_init_creds_keytab(context, &credentials, name, keytab, 0, principal, nil)
            guard code == 0 else { throw unsafe Self.refusal(code, context, principal) }
            defer { unsafe krb5_free_cred_contents(context, &credentials) }
            var ticket: UnsafeMutablePointer<krb5_ticket>?
            try unsafe check(krb5_decode_ticket(&credentials.ticket, &ticket), context)
            defer { unsafe krb5_free_ticket(context, ticket) }
            return unsafe Int(ticket?.pointee.enc_part.kvno ?? 0)
        }
    }

    private func withKeytab<Value>(
        _ body: (krb5_context, krb5_keytab) throws(NegotiateError) -> Value
    ) throws(NegotiateError) -> Value {
        var context: krb5_context?
        let code = unsafe krb5_init_context(&context)
        guard code == 0, let context = unsafe context else {
            throw NegotiateError(
                .keytab,
                "the Kerberos library cannot be set up (error \(code)); look at /etc/krb5.conf"
            )
        }
        defer { unsafe krb5_free_context(context) }
        var keytab: krb5_keytab?
        try unsafe check(krb5_kt_resolve(context, "FILE:\(path)", &keytab), context)
        guard let keytab = unsafe keytab else { throw NegotiateError(.keytab, "\(path) cannot be opened") }
        defer { _ = unsafe krb5_kt_close(context, keytab) }
        return try unsafe body(context, keytab)
    }

    private func check(_ code: krb5_error_code, _ context: krb5_context) throws(NegotiateError) {
        guard code != 0 else { return }
        throw NegotiateError(.keytab, unsafe Self.message(code, context))
    }

    private static func refusal(
        _ code: krb5_error_code,
        _ context: krb5_context,
        _ principal: String
    ) -> NegotiateError {
        let words = unsafe message(code, context)
        switch Int(code) {
        case KRB5KDC_ERR_PREAUTH_FAILED, KRB5KRB_AP_ERR_BAD_INTEGRITY, KRB5_KT_KVNONOTFOUND:
            return NegotiateError(.wrongKey, "the KDC has another key for \(principal) than the keytab (\(words))")
        case KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN:
            return NegotiateError(.otherService, "the KDC knows no principal \(principal) (\(words))")
        case KRB5KRB_AP_ERR_SKEW:
            return NegotiateError(.clockSkew, words)
        default:
            return NegotiateError(.kdc, words)
        }
    }

    private static func message(_ code: krb5_error_code, _ context: krb5_context) -> String {
        guard let text = unsafe krb5_get_error_message(context, code) else { return "error \(code)" }
        defer { unsafe krb5_free_error_message(context, text) }
        return unsafe String(cString: text)
    }

    private static func text(of principal: krb5_principal?, _ context: krb5_context) -> String {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe krb5_unparse_name(context, principal, &text) == 0, let text = unsafe text else { return "?" }
        defer { unsafe krb5_free_unparsed_name(context, text) }
        return unsafe String(cString: text)
    }

    private static func encryption(_ type: krb5_enctype) -> String {
        var buffer = [CChar](repeating: 0, count: 100)
        guard unsafe krb5_enctype_to_name(type, 0, &buffer, buffer.count) == 0 else { return "type \(type)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
