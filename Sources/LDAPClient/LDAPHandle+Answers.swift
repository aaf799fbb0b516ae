import CLDAP

/// What `LDAPHandle.read()` found.
enum ReadOutcome {
    case message(ServerMessage)
    /// No whole message is there.
    case nothing
    /// The connection is lost, or what came is no LDAP.
    case lost(String)
}

extension LDAPHandle {
    /// Longer texts are cut: they go to logs.
    private static let diagnosticLimit = 1024

    /// The next message, without waiting (ldap_result(3)); also goes on with a request that is half written.
    func read() -> ReadOutcome {
        var message: OpaquePointer?
        let kind = unsafe cldap_poll(pointer, &message)
        guard kind != 0 else { return .nothing }
        guard kind > 0, let message = unsafe message else {
            let code = lastCode
            return .lost(code == LDAP_SUCCESS ? "closed by the server" : Self.text(of: code))
        }
        defer { unsafe ldap_msgfree(message) }
        guard let decoded = unsafe decode(message, ber_tag_t(kind)) else {
            return .lost("the server sent a message that cannot be decoded")
        }
        return .message(decoded)
    }

    private func decode(_ message: OpaquePointer, _ kind: ber_tag_t) -> ServerMessage? {
        let messageID = unsafe ldap_msgid(message)
        switch kind {
        case LDAP_RES_SEARCH_ENTRY:
            return unsafe entry(message).map { .entry(messageID: messageID, $0) }
        case LDAP_RES_SEARCH_REFERENCE:
            return .reference(messageID: messageID)
        case LDAP_RES_SEARCH_RESULT:
            return unsafe result(message).map { .result(messageID: messageID, kind: .search, $0) }
        case LDAP_RES_BIND:
            return unsafe result(message).map { .result(messageID: messageID, kind: .bind, $0) }
        case LDAP_RES_MODIFY:
            return unsafe result(message).map { .result(messageID: messageID, kind: .modify, $0) }
        case LDAP_RES_EXTENDED:
            guard let result = unsafe result(message) else { return nil }
            return messageID == 0
                ? .unsolicited(result) : .result(messageID: messageID, kind: .extended, result)
        default:
            return .other
        }
    }

    private func result(_ message: OpaquePointer) -> ServerResult? {
        var code: Int32 = 0
        var text: UnsafeMutablePointer<CChar>?
        var controls: UnsafeMutablePointer<UnsafeMutablePointer<ldapcontrol>?>?
        let status = unsafe ldap_parse_result(pointer, message, &code, nil, &text, nil, &controls, 0)
        defer {
            unsafe ldap_memfree(text)
            unsafe ldap_controls_free(controls)
        }
        guard status == LDAP_SUCCESS else { return nil }
        var result = ServerResult(code: LDAPResultCode(rawValue: code))
        if let text = unsafe text {
            result.diagnosticMessage = String(unsafe String(cString: text).prefix(Self.diagnosticLimit))
        }
        var next = unsafe controls
        while let control = unsafe next?.pointee {
            unsafe result.controls.append(
                LDAPControl(
                    oid: String(cString: control.pointee.ldctl_oid),
                    value: control.pointee.ldctl_value.bv_val == nil ? nil : control.pointee.ldctl_value.octets,
                    isCritical: control.pointee.ldctl_iscritical != 0
                )
            )
            unsafe next = unsafe next?.successor()
        }
        return result
    }

    private func entry(_ message: OpaquePointer) -> LDAPEntry? {
        var decoder: OpaquePointer?
        var name = unsafe berval()
        guard unsafe ldap_get_dn_ber(pointer, message, &decoder, &name) == LDAP_SUCCESS else { return nil }
        defer { unsafe ber_free(decoder, 0) }
        var attributes: [(name: String, values: [[UInt8]])] = []
        while true {
            var attribute = unsafe berval()
            var values: UnsafeMutablePointer<berval>?
            let code = unsafe ldap_get_attribute_ber(pointer, message, decoder, &attribute, &values)
            // The array is ours, the octets lie in the message (ldap_get_attribute_ber in <ldap.h>).
            defer { unsafe ber_memfree(values) }
            guard code == LDAP_SUCCESS else { return nil }
            guard unsafe attribute.bv_val != nil else { break }
            var copies: [[UInt8]] = []
            var next = unsafe values
            while let value = unsafe next, unsafe value.pointee.bv_val != nil {
                unsafe copies.append(value.pointee.octets)
                unsafe next = unsafe value.successor()
            }
            unsafe attributes.append((attribute.text, copies))
        }
        return unsafe LDAPEntry(dn: name.text, attributes: attributes)
    }

    /// True when the server pages (RFC 2696).
    static func isPage(_ result: ServerResult) -> Bool {
        result.controls.contains { $0.oid == LDAP_CONTROL_PAGEDRESULTS }
    }

    /// The cookie of the next page; empty after the last, nil when the server did not page (RFC 2696).
    func pagingCookie(in result: ServerResult) -> [UInt8]? {
        guard let control = result.controls.first(where: { $0.oid == LDAP_CONTROL_PAGEDRESULTS }) else { return nil }
        return unsafe [control].withLDAPControls { controls -> [UInt8]? in
            guard let control = unsafe controls?.pointee else { return nil }
            var estimate: ber_int_t = 0
            var cookie = unsafe berval()
            guard unsafe ldap_parse_pageresponse_control(pointer, control, &estimate, &cookie) == LDAP_SUCCESS else {
                return nil
            }
            defer { unsafe ber_memfree(cookie.bv_val) }
            return unsafe cookie.octets
        }
    }
}
