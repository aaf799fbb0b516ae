import CLDAP
import CLinux
import Glibc

/// What became of a request handed to libldap.
enum SendOutcome: Equatable {
    /// Encoded; when not all of it fitted into the socket, libldap goes on with it when the socket is writable.
    case written(messageID: Int32, isComplete: Bool)
    /// An earlier request is not written yet; nothing of this one was.
    case busy
    /// Nothing that the server could act on was written; the handle may be dead.
    case failed(String, isInvalid: Bool)
}

extension LDAPHandle {
    /// Sends a simple bind (ldap_sasl_bind(3) with no mechanism).
    func sendSimpleBind(dn: String, password: some LDAPCredential, controls: [LDAPControl]) -> SendOutcome {
        unsafe password.withUnsafeBytes { octets in
            var secret = unsafe berval(
                bv_len: ber_len_t(octets.count),
                bv_val: UnsafeMutableRawPointer(mutating: octets.baseAddress)?.assumingMemoryBound(to: CChar.self)
            )
            return unsafe controls.withLDAPControls { controls in
                var messageID: Int32 = -1
                let code = unsafe ldap_sasl_bind(pointer, dn, nil, &secret, controls, nil, &messageID)
                return outcome(code, messageID)
            }
        }
    }

    /// Sends a bind with SASL EXTERNAL (RFC 4422 appendix A): an initial response, empty because no other authorization
    /// identity is asked for. Without one the server would ask for it in a second step.
    func sendExternalBind() -> SendOutcome {
        var messageID: Int32 = -1
        var nothing: CChar = 0
        let code = unsafe withUnsafeMutablePointer(to: &nothing) { start in
            var response = unsafe berval(bv_len: 0, bv_val: start)
            return unsafe ldap_sasl_bind(pointer, nil, "EXTERNAL", &response, nil, nil, &messageID)
        }
        return outcome(code, messageID)
    }

    /// Asks for StartTLS (RFC 4511 §4.14).
    func sendStartTLS() -> SendOutcome {
        var messageID: Int32 = -1
        let code = unsafe ldap_extended_operation(pointer, "1.3.6.1.4.1.1466.20037", nil, nil, nil, &messageID)
        return outcome(code, messageID)
    }

    /// Sends a search, or the request for its next page.
    /// - Parameters:
    ///   - cookie: empty for the first page (RFC 2696).
    ///   - seconds: after which the server may give up by itself.
    func sendSearch(_ request: SearchRequest, cookie: [UInt8], seconds: Int) -> SendOutcome {
        var controls = request.controls
        if let size = request.pageSize {
            guard let paging = pagingControl(size: size, cookie: cookie) else {
                return .failed("a page control cannot be encoded", isInvalid: true)
            }
            controls.append(paging)
        }
        var timeLimit = timeval(tv_sec: max(1, seconds), tv_usec: 0)
        let filter = request.filter.description
        return unsafe request.attributes.withCStrings { attributes in
            unsafe controls.withLDAPControls { controls in
                var messageID: Int32 = -1
                let code = unsafe ldap_search_ext(
                    pointer,
                    request.base,
                    request.scope.rawValue,
                    filter,
                    attributes,
                    0,
                    controls,
                    nil,
                    &timeLimit,
                    request.sizeLimit,
                    &messageID
                )
                return outcome(code, messageID)
            }
        }
    }

    /// Gives a search up (RFC 4511 §4.11). Only while no request is half written: libldap would write into the midst of it.
    /// - Returns: false when the connection must be given up instead.
    func abandon(_ messageID: Int32) -> Bool {
        unsafe ldap_abandon_ext(pointer, messageID, nil, nil) == LDAP_SUCCESS
    }

    /// The call's return value says whether it is encoded; LDAP_BUSY in the handle, whether it is all written.
    func outcome(_ code: Int32, _ messageID: Int32) -> SendOutcome {
        switch code {
        case LDAP_SUCCESS where messageID >= 0:
            return .written(messageID: messageID, isComplete: lastCode != LDAP_BUSY)
        case LDAP_BUSY:
            return .busy
        case LDAP_ENCODING_ERROR, LDAP_FILTER_ERROR, LDAP_PARAM_ERROR:
            return .failed(Self.text(of: code), isInvalid: true)
        default:
            return .failed(Self.text(of: code), isInvalid: false)
        }
    }

    private func pagingControl(size: Int32, cookie: [UInt8]) -> LDAPControl? {
        var cookie = cookie
        return unsafe cookie.withUnsafeMutableBytes { octets -> LDAPControl? in
            var bytes = unsafe berval(
                bv_len: ber_len_t(octets.count),
                bv_val: octets.baseAddress?.assumingMemoryBound(to: CChar.self)
            )
            var value = unsafe berval()
            let code = unsafe ldap_create_page_control_value(pointer, ber_int_t(size), &bytes, &value)
            guard code == LDAP_SUCCESS else { return nil }
            defer { unsafe ldap_memfree(value.bv_val) }
            return unsafe LDAPControl(oid: LDAP_CONTROL_PAGEDRESULTS, value: value.octets, isCritical: true)
        }
    }
}
