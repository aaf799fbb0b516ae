import CLDAP
import Glibc
import Synchronization

/// A handle of libldap over a connected socket; unbound (RFC 4511 §4.3), closed and freed when it is released.
///
/// @unchecked Sendable: a handle is used by one thread at a time. It is made, and shakes hands, on a thread of the blocking
/// pool while nobody else has it; then it belongs to the one `LDAPConnection` that keeps it, on the poller's thread.
@safe
final class LDAPHandle: @unchecked Sendable {
    /// True once libldap is initialized: the first call reads ldap.conf(5) and looks up the machine's own name, which may
    /// block for long; later ones do not.
    static var isLibraryReady: Bool { libraryIsReady.load(ordering: .acquiring) }
    private static let libraryIsReady = Atomic(false)

    /// Initializes libldap and its TLS library once, by one thread: neither counts its first callers safely.
    private static let library: Void = {
        var trial: OpaquePointer?
        if unsafe ldap_initialize(&trial, nil) == LDAP_SUCCESS, let trial = unsafe trial {
            unsafe cldap_set_integer(trial, LDAP_OPT_X_TLS_NEWCTX, 0)
            unsafe ldap_unbind_ext(trial, nil, nil)
        }
        libraryIsReady.store(true, ordering: .releasing)
    }()

    let pointer: OpaquePointer

    /// Adopts a socket; reads CA, certificate and key files when TLS is wanted. May block: call it on the pool.
    /// - Throws: `.tls` when a file cannot be used, `.connect` when libldap refuses.
    init(
        adopting socket: OpenDescriptor,
        url: LDAPURL,
        tls: LDAPTLSSettings?,
        maximumMessageBytes: Int
    ) throws(LDAPError) {
        guard let descriptor = socket.raw else { throw LDAPError(.connect, "\(url): the socket is closed") }
        Self.library
        let transport = url.scheme == .ldapi ? LDAP_PROTO_IPC : LDAP_PROTO_TCP
        var created: OpaquePointer?
        // The URL gives libldap the name to look for in the certificate; it neither resolves nor connects here.
        let code = unsafe ldap_init_fd(descriptor, transport, url.description, &created)
        guard code == LDAP_SUCCESS, let created = unsafe created else {
            throw LDAPError(.connect, "\(url): ldap_init_fd: \(Self.text(of: code))")
        }
        _ = socket.take()
        unsafe pointer = created
        setOptions(maximumMessageBytes: maximumMessageBytes)
        if let tls { try prepareTLS(tls) }
    }

    deinit {
        unsafe ldap_unbind_ext(pointer, nil, nil)
    }

    /// Whatever ldap.conf(5) or LDAP* variables say of these, every handle behaves the same.
    private func setOptions(maximumMessageBytes: Int) {
        unsafe cldap_set_integer(pointer, LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3)
        // With referrals on, libldap opens connections of its own and blocks on them.
        unsafe cldap_set_switch(pointer, LDAP_OPT_REFERRALS, 0)
        unsafe cldap_set_switch(pointer, LDAP_OPT_RESTART, 1)
        unsafe cldap_set_integer(pointer, LDAP_OPT_DEREF, LDAP_DEREF_NEVER)
        unsafe cldap_set_integer(pointer, LDAP_OPT_SIZELIMIT, 0)
        unsafe cldap_set_integer(pointer, LDAP_OPT_TIMELIMIT, 0)
        unsafe cldap_clear_timeouts(pointer)
        unsafe cldap_set_max_incoming(pointer, ber_len_t(maximumMessageBytes))
    }

    private func prepareTLS(_ tls: LDAPTLSSettings) throws(LDAPError) {
        let files = [
            (LDAP_OPT_X_TLS_CACERTFILE, tls.caFile ?? Self.systemAuthorities),
            (LDAP_OPT_X_TLS_CERTFILE, tls.clientCertificateFile), (LDAP_OPT_X_TLS_KEYFILE, tls.clientKeyFile),
        ]
        for case (let option, let file?) in files {
            guard unsafe access(file, R_OK) == 0 else {
                throw LDAPError(.tls, "cannot read \(file): \(SystemError(number: errno))")
            }
            unsafe cldap_set_text(pointer, option, file)
        }
        let demand = tls.verifiesCertificate ? LDAP_OPT_X_TLS_DEMAND : LDAP_OPT_X_TLS_NEVER
        unsafe cldap_set_integer(pointer, LDAP_OPT_X_TLS_REQUIRE_CERT, demand)
        setMinimumVersion(tls.minimumVersion)
        // The options above take effect when a context is made of them; 0: as a client.
        guard unsafe cldap_set_integer(pointer, LDAP_OPT_X_TLS_NEWCTX, 0) == LDAP_OPT_SUCCESS else {
            let used = files.compactMap(\.1).joined(separator: ", ")
            throw LDAPError(.tls, "cannot use \(used): \(diagnosis ?? "no valid PEM, or the key does not fit")")
        }
    }

    /// GnuTLS takes a priority string (gnutls_priority_init(3)), OpenSSL the option made for it.
    private func setMinimumVersion(_ version: LDAPTLSSettings.Version) {
        if cldap_uses_gnutls() != 0 {
            let versions = version == .tls13 ? "+VERS-TLS1.3" : "+VERS-TLS1.3:+VERS-TLS1.2"
            unsafe cldap_set_text(pointer, LDAP_OPT_X_TLS_CIPHER_SUITE, "NORMAL:-VERS-ALL:\(versions)")
        } else {
            let number = version == .tls13 ? cldap_TLS1_3 : cldap_TLS1_2
            unsafe cldap_set_integer(pointer, LDAP_OPT_X_TLS_PROTOCOL_MIN, number)
        }
    }

    /// The bundles of Debian, Fedora, SUSE and Alpine, in that order.
    static let systemAuthorities: String? = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ].first { unsafe access($0, R_OK) == 0 }

    /// Shakes hands (ldap_install_tls(3)); blocks, on a socket that must block, until the peer answers or the socket is
    /// shut down.
    /// - Returns: nil on success, or what libldap says of the failure.
    func installTLS() -> String? {
        let code = unsafe ldap_install_tls(pointer)
        return code == LDAP_SUCCESS ? nil : diagnosis ?? Self.text(of: code)
    }

    /// The certificate the peer showed, in DER (LDAP_OPT_X_TLS_PEERCERT); nil without TLS.
    var peerCertificate: [UInt8]? {
        var value = unsafe berval()
        guard unsafe ldap_get_option(pointer, LDAP_OPT_X_TLS_PEERCERT, &value) == LDAP_OPT_SUCCESS,
            let octets = unsafe value.bv_val
        else { return nil }
        defer { unsafe ldap_memfree(octets) }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: octets, count: Int(value.bv_len)))
    }

    /// Bytes that wait, in the TLS layer or in the socket.
    var hasMore: Bool {
        if unsafe cldap_has_buffered(pointer) != 0 { return true }
        guard let descriptor else { return false }
        var count: Int32 = 0
        return unsafe ioctl(descriptor, UInt(FIONREAD), &count) == 0 && count > 0
    }

    /// What lies in the socket, or above it, whether or not the poller has heard of it.
    enum Waiting {
        case nothing
        case octets
        /// The peer has ended the stream, and nothing is left to read.
        case end
    }

    /// Looks without reading anything.
    var waiting: Waiting {
        guard let descriptor else { return .end }
        if unsafe cldap_has_buffered(pointer) != 0 { return .octets }
        var octet: UInt8 = 0
        switch unsafe recv(descriptor, &octet, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) {
        case 0: return .end
        case 1...: return .octets
        // An error of the connection is for whoever reads.
        default: return errno == EAGAIN ? .nothing : .octets
        }
    }

    /// The socket, as long as libldap keeps it.
    var descriptor: Int32? {
        var number: Int32 = -1
        let code = unsafe ldap_get_option(pointer, LDAP_OPT_DESC, &number)
        return code == LDAP_OPT_SUCCESS && number >= 0 ? number : nil
    }

    /// libldap's text for the last failure on this handle.
    private var diagnosis: String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe ldap_get_option(pointer, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text) == LDAP_OPT_SUCCESS,
            let text = unsafe text
        else { return nil }
        defer { unsafe ldap_memfree(text) }
        return unsafe String(cString: text)
    }

    /// The result of the last call (LDAP_OPT_RESULT_CODE).
    var lastCode: Int32 { unsafe cldap_last_code(pointer) }

    /// libldap's name of a result code.
    static func text(of code: Int32) -> String { unsafe String(cString: ldap_err2string(code)) }
}
