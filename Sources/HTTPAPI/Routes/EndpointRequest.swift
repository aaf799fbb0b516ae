internal import Authentication
internal import NIOCore
internal import NIOHTTP1
internal import Tokens

/// What a handler gets to see.
struct EndpointRequest: Sendable {
    /// The request as it came.
    let incoming: IncomingRequest
    /// Whose it is.
    let caller: Caller
    /// As in `X-Request-Id`.
    let id: String
    /// The row of the table that serves it; only its parameters and its body can be read. Nil before one is found.
    var row: EndpointTable.Row?
    /// What stands in the path where the route has a parameter.
    var pathValue: String?

    init(incoming: IncomingRequest, caller: Caller, id: String) {
        self.incoming = incoming
        self.caller = caller
        self.id = id
    }

    /// The value of a header field that is expected once: all lines joined, or nil.
    func header(_ name: String) -> String? { incoming.header(name) }

    /// Reads the body by the endpoint's schema, lent to `make` for the length of the call. It may hold a password: the copy made
    /// here is wiped behind it. What the connection received is the library's, and goes when the request does.
    func read<Value>(_ make: (BodyValues) throws -> Value) throws -> Value {
        guard let schema = row?.endpoint.body else { return try make(BodyValues(schema: .empty)) }
        var octets = Array(incoming.body.readableBytesView)
        return try octets.lendAndWipe { octets in
            try make(
                RequestReader.values(
                    of: octets,
                    contentType: header("content-type"),
                    contentEncoding: header("content-encoding"),
                    schema: schema
                )
            )
        }
    }

    /// The values of a parameter, in the order given; none for one that the endpoint does not list.
    func values(of parameter: Parameter) -> [String] {
        guard row?.endpoint.parameters.contains(parameter) == true else { return [] }
        switch parameter.place {
        case .path:
            return pathValue.map { [$0] } ?? []
        case .query:
            guard let query = incoming.target.query else { return [] }
            var found: [String] = []
            for (name, value) in FormReader(Array(query.utf8)) where ScalarText.equal(name, parameter.name.utf8) {
                found.append(String(decoding: FormReader.decode(value), as: UTF8.self))
            }
            guard parameter.kind == .list else { return found }
            return found.flatMap { $0.split(separator: ",").map(String.init) }
        }
    }

    /// The first value of a parameter; nil when it is not given.
    func value(of parameter: Parameter) -> String? { values(of: parameter).first }

    /// True when a parameter of the query is given, be it empty.
    func has(_ parameter: Parameter) -> Bool {
        guard let query = incoming.target.query, row?.endpoint.parameters.contains(parameter) == true else {
            return false
        }
        return FormReader(Array(query.utf8)).contains { ScalarText.equal($0.name, parameter.name.utf8) }
    }

    /// What the Authorization header says; nil without one.
    var authorization: AuthorizationHeader? { header("authorization").map(AuthorizationHeader.init) }

    /// The access token of `Authorization: Bearer`.
    ///
    /// - Throws: 401 that asks for one (RFC 6750 §3: without an error code, because none was sent).
    func bearer() throws(ErrorBody) -> String {
        guard case .bearer(let token)? = authorization else {
            throw .unauthorized(challenges: [ErrorBody.bearerChallenge])
        }
        return token
    }

    /// The URI without its query, which may hold what nobody should see again.
    var uri: String {
        let scheme = caller.isSecure ? "https" : "http"
        return "\(scheme)://\(header("host") ?? "localhost")\(incoming.target.path)"
    }

    /// Where the request comes from, for tokens and the audit log.
    var context: RequestContext {
        RequestContext(
            address: caller.address,
            hasAddress: caller.hasAddress,
            userAgent: header("user-agent") ?? "",
            requestID: id
        )
    }
}

extension IncomingRequest {
    /// The value of a header field: its lines joined by commas (RFC 9110 §5.3), or nil.
    func header(_ name: String) -> String? {
        let lines = head.headers[name]
        return lines.count > 1 ? lines.joined(separator: ", ") : lines.first
    }
}
