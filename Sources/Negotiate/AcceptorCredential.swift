internal import CGSSAPI

/// The right to accept contexts with the keys of a keytab.
///
/// The library allows a credential to be used by several threads at a time and locks it where it must; contexts, which
/// are not shared, live for one call only.
@safe final class AcceptorCredential: Sendable {
    /// What came of one token.
    struct Outcome {
        var isComplete = false
        var isBound = false
        var name: String?
        var reply: [UInt8]?
        var failure: MechanismFailure?
    }

    // Written only in init, before anyone else sees the object, and released in deinit, when nobody does any more.
    private nonisolated(unsafe) let handle: gss_cred_id_t

    /// Acquires the credential; throws `.keytab` when there is no key for the service.
    /// - Parameter remembers: false leaves the replay cache out, for a look that must not count.
    init(_ settings: NegotiateAcceptor.Settings, remembers: Bool = true) throws(NegotiateError) {
        var credential: gss_cred_id_t?
        var minor: OM_uint32 = 0
        let major = unsafe cgssapi_acquire(
            settings.service,
            "FILE:\(settings.keytab)",
            remembers ? settings.replayCache.map { "file2:\($0)" } ?? "dfl:" : "none:",
            &credential,
            &minor
        )
        guard cgssapi_is_error(major) == 0, let credential = unsafe credential else {
            throw NegotiateError(.keytab, MechanismFailure(major: major, minor: minor).sentence)
        }
        unsafe handle = credential
    }

    deinit {
        var minor: OM_uint32 = 0
        var credential: gss_cred_id_t? = unsafe handle
        _ = unsafe gss_release_cred(&minor, &credential)
    }

    /// gss_accept_sec_context(3) once, for a context that is let go at once.
    func accept(_ token: [UInt8], endPoint: [UInt8]?) -> Outcome {
        // RFC 5929 §2: the unique prefix of the type, then the hash.
        var application = endPoint.map { Array("tls-server-end-point:".utf8) + $0 } ?? []
        var token = token
        return unsafe token.withUnsafeMutableBytes { token in
            var input = unsafe gss_buffer_desc(length: token.count, value: token.baseAddress)
            return unsafe application.withUnsafeMutableBytes { application in
                var bindings = unsafe gss_channel_bindings_struct()
                unsafe bindings.application_data = unsafe gss_buffer_desc(
                    length: application.count,
                    value: application.baseAddress
                )
                return unsafe withUnsafeMutablePointer(to: &bindings) { bindings in
                    unsafe accept(&input, endPoint == nil ? nil : bindings)
                }
            }
        }
    }

    private func accept(_ input: inout gss_buffer_desc, _ bindings: gss_channel_bindings_t?) -> Outcome {
        var context: gss_ctx_id_t?
        var source: gss_name_t?
        var output = unsafe gss_buffer_desc()
        var flags: OM_uint32 = 0
        var minor: OM_uint32 = 0
        var ignored: OM_uint32 = 0
        let major = unsafe gss_accept_sec_context(
            &minor,
            &context,
            handle,
            &input,
            bindings,
            &source,
            nil,
            &output,
            &flags,
            nil,
            nil
        )
        defer {
            _ = unsafe gss_release_buffer(&ignored, &output)
            _ = unsafe gss_release_name(&ignored, &source)
            _ = unsafe gss_delete_sec_context(&ignored, &context, nil)
        }
        var outcome = Outcome()
        guard cgssapi_is_error(major) == 0 else {
            outcome.failure = MechanismFailure(major: major, minor: minor)
            return outcome
        }
        outcome.isComplete = major & cgssapi_continue_needed == 0
        outcome.isBound = flags & UInt32(GSS_C_CHANNEL_BOUND_FLAG) != 0
        if unsafe output.length > 0 { outcome.reply = unsafe output.octets }
        if let source = unsafe source { outcome.name = unsafe Self.displayed(source) }
        return outcome
    }

    private static func displayed(_ name: gss_name_t) -> String? {
        var minor: OM_uint32 = 0
        var text = unsafe gss_buffer_desc()
        let major = unsafe gss_display_name(&minor, name, &text, nil)
        defer { _ = unsafe gss_release_buffer(&minor, &text) }
        guard cgssapi_is_error(major) == 0 else { return nil }
        return unsafe String(validating: text.octets, as: UTF8.self)
    }
}

extension gss_buffer_desc {
    /// A copy of the octets.
    var octets: [UInt8] {
        guard let start = unsafe value else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: length))
    }
}
