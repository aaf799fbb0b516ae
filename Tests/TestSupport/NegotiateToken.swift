// API: let token = try await NegotiateToken.make(.spnego, service: "HTTP@localhost", environment: kdc.environment(cache: c))
//      let bound = try await NegotiateToken.make(.kerberos, …, endPoint: hash)

import FoundationEssentials

/// A client's first token, made by another implementation's caller: Debian's python3-gssapi.
public enum NegotiateToken {
    /// How the ticket is wrapped.
    public enum Mechanism: String, Sendable, CaseIterable {
        case kerberos = "1.2.840.113554.1.2.2"
        case spnego = "1.3.6.1.5.5.2"
    }

    private static let program = """
        import gssapi, sys
        mechanism, service, end_point = sys.argv[1:4]
        bindings = None
        if end_point:
            data = b"tls-server-end-point:" + bytes.fromhex(end_point)
            bindings = gssapi.raw.ChannelBindings(application_data=data)
        context = gssapi.SecurityContext(
            name=gssapi.Name(service, gssapi.NameType.hostbased_service),
            mech=gssapi.OID.from_int_seq(mechanism),
            flags=gssapi.RequirementFlag.mutual_authentication,
            channel_bindings=bindings,
            usage="initiate",
        )
        print(context.step().hex())
        """

    /// Makes a token for `service`, such as `HTTP@localhost`, with the tickets the environment names.
    public static func make(
        _ mechanism: Mechanism,
        service: String = "HTTP@localhost",
        endPoint: [UInt8]? = nil,
        environment: [String: String]
    ) async throws -> [UInt8] {
        let hex = (endPoint ?? []).map { octet in
            let text = String(octet, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        let outcome = try await ChildProcess.run(
            "/usr/bin/python3",
            ["-c", program, mechanism.rawValue, service, hex.joined()],
            environment: environment
        )
        let digits = Array(outcome.output.utf8.prefix { $0 != 0x0A })
        guard outcome.succeeded, !digits.isEmpty else { throw TestSupportError("gssapi: \(outcome.errorOutput)") }
        let token = stride(from: 0, to: digits.count - 1, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16)
        }
        KnownSecrets.shared.add(token: Data(token).base64EncodedString())
        return token
    }
}
