import TestSupport

/// A Kerberos client over TLS that binds its tickets to the connection (RFC 5929), in Python: curl 7.88 cannot.
enum TicketClient {
    enum Binding: String {
        case none, right, wrong
    }

    private static let program = """
        import base64, gssapi, hashlib, http.client, ssl, sys
        port, authority, binding = int(sys.argv[1]), sys.argv[2], sys.argv[3]
        connection = http.client.HTTPSConnection("localhost", port, context=ssl.create_default_context(cafile=authority))
        connection.connect()
        end_point = hashlib.sha256(connection.sock.getpeercert(True)).digest()
        if binding == "wrong":
            end_point = hashlib.sha256(end_point).digest()
        bindings = gssapi.raw.ChannelBindings(application_data=b"tls-server-end-point:" + end_point)
        context = gssapi.SecurityContext(
            name=gssapi.Name("HTTP@localhost", gssapi.NameType.hostbased_service),
            mech=gssapi.OID.from_int_seq("1.3.6.1.5.5.2"),
            flags=gssapi.RequirementFlag.mutual_authentication,
            channel_bindings=None if binding == "none" else bindings,
            usage="initiate",
        )
        token = base64.b64encode(context.step()).decode()
        headers = {"Authorization": "Negotiate " + token, "Content-Type": "application/x-www-form-urlencoded"}
        if len(sys.argv) > 4:
            headers["X-Forwarded-For"] = sys.argv[4]
        body = "grant_type=password&WindowsAuthentication=true&client_id=web&client_secret=web-secret"
        connection.request("POST", "/api/v1/auth/token", body, headers)
        answer = connection.getresponse()
        if answer.status == 200:
            context.step(base64.b64decode(answer.headers["WWW-Authenticate"].split()[1]))
            assert context.complete, "the server proves itself"
        print(answer.status)
        """

    private static let floodProgram = """
        import base64, gssapi, http.client, sys, threading
        port, count = int(sys.argv[1]), int(sys.argv[2])
        body = "grant_type=password&WindowsAuthentication=true&client_id=web&client_secret=web-secret"
        def token():
            return base64.b64encode(gssapi.SecurityContext(
                name=gssapi.Name("HTTP@localhost", gssapi.NameType.hostbased_service),
                mech=gssapi.OID.from_int_seq("1.3.6.1.5.5.2"), usage="initiate").step()).decode()
        tokens = [token() for _ in range(count)]
        good, lock = [0], threading.Lock()
        def run():
            connection = http.client.HTTPConnection("localhost", port)
            while True:
                with lock:
                    if not tokens:
                        return
                    mine = tokens.pop()
                connection.request("POST", "/api/v1/auth/token", body, {
                    "Authorization": "Negotiate " + mine, "Content-Type": "application/x-www-form-urlencoded"})
                answer = connection.getresponse()
                answer.read()
                with lock:
                    good[0] += answer.status == 200
        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(good[0])
        """

    /// Sends so many tickets as fast as eight connections can, and returns how many were let in.
    static func flood(port: Int, tickets: Int, environment: [String: String]) async throws -> Int {
        let outcome = try await ChildProcess.run(
            "/usr/bin/python3",
            ["-c", floodProgram, "\(port)", "\(tickets)"],
            environment: environment,
            within: .seconds(120)
        )
        guard outcome.succeeded, let good = Int(outcome.output.filter { $0 != "\n" }) else {
            throw CurlError(description: outcome.errorOutput)
        }
        return good
    }

    /// The status of one request with a ticket.
    static func status(
        port: Int,
        caFile: String,
        _ binding: Binding,
        forwardedFor: String? = nil,
        environment: [String: String]
    ) async throws -> Int {
        let outcome = try await ChildProcess.run(
            "/usr/bin/python3",
            ["-c", program, "\(port)", caFile, binding.rawValue] + (forwardedFor.map { [$0] } ?? []),
            environment: environment
        )
        guard outcome.succeeded, let status = Int(outcome.output.filter { $0 != "\n" }) else {
            throw CurlError(description: outcome.errorOutput)
        }
        return status
    }
}
