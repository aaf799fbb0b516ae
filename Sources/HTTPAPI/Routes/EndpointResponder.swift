internal import Authentication
internal import Logging
internal import NIOHTTP1
internal import Tokens

/// Finds the endpoint of a request, makes the checks that come before every handler, and turns what the handler
/// answers or throws into an answer.
///
/// The order: TLS required, path, method, size; then the handler: media type, parsing, and the rules.
///
/// A class, so that a request takes one reference of the one in force and not each of its parts.
final class EndpointResponder: RequestResponding {
    let table: EndpointTable
    let proxies: TrustedProxies
    let requiresTLS: Bool
    let crossOrigin: CrossOrigin
    let logger: Logger

    init(
        table: EndpointTable,
        proxies: TrustedProxies = TrustedProxies(),
        requiresTLS: Bool = false,
        crossOrigin: CrossOrigin = CrossOrigin(origins: []),
        logger: Logger
    ) {
        self.table = table
        self.proxies = proxies
        self.requiresTLS = requiresTLS
        self.crossOrigin = crossOrigin
        self.logger = logger
    }

    func respond(to request: IncomingRequest) async -> OutgoingResponse {
        let began = ContinuousClock.now
        var endpointRequest = EndpointRequest(
            incoming: request,
            caller: proxies.caller(peer: request.peer, headers: request.head.headers),
            id: Self.newRequestID()
        )
        let match = table.match(request.target)
        let resource = match?.resource
        endpointRequest.pathValue = match?.value
        var response: OutgoingResponse
        do {
            response = try await answer(&endpointRequest, at: resource)
        } catch {
            response = refusal(error, to: endpointRequest)
        }
        response.headers.reserveCapacity(response.headers.count + 8)
        if resource?.isNeverCached == true { response.headers += Self.neverCached }
        response.headers += crossOrigin.headers(for: request)
        response.headers.append(("X-Request-Id", endpointRequest.id))
        let duration = ContinuousClock.now - began
        let counter = resource?.counter ?? table.counts.counter(of: nil)
        counter.count(status: Int(response.status.code), took: duration)
        logger.debug(
            "request",
            metadata: [
                "method": "\(request.head.method.rawValue)", "path": "\(request.target.path)",
                "status": .stringConvertible(response.status.code),
                "duration_ms": .stringConvertible(Self.milliseconds(duration)),
                "address": "\(endpointRequest.caller.address)", "request_id": "\(endpointRequest.id)",
            ]
        )
        return response
    }

    private func answer(
        _ request: inout EndpointRequest,
        at resource: EndpointTable.Resource?
    ) async throws -> OutgoingResponse {
        let method = request.incoming.head.method
        guard let resource else {
            throw ErrorBody.notFound(uri: request.uri)
        }
        if requiresTLS, resource.carriesCredentials, !request.caller.isSecure {
            throw ErrorBody.httpsRequired
        }
        guard let row = resource.row(for: method) else {
            if let preflight = crossOrigin.preflight(request.incoming, allow: resource.allow) { return preflight }
            throw ErrorBody.methodNotAllowed(method.rawValue, allow: resource.allow)
        }
        guard !request.incoming.isBodyTooLarge || row.endpoint.takesAnyMethod else {
            throw ErrorBody.bodyTooLarge
        }
        request.row = row
        switch try await row.endpoint.handler(request) {
        case .complete(let response):
            return response
        case .document(let octets):
            return OutgoingResponse(
                .ok,
                headers: [("Content-Type", ResponseFormat.json.contentType)],
                body: octets
            )
        case .negotiated(let body, let headers):
            let format = Self.format(for: request.incoming)
            return OutgoingResponse(
                .ok,
                headers: headers + [("Content-Type", format.contentType)],
                body: format.encode(body)
            )
        }
    }

    private func refusal(_ error: any Error, to request: EndpointRequest) -> OutgoingResponse {
        let body: ErrorBody
        switch error {
        case let error as ErrorBody:
            body = error
        case let error as RequestFault:
            body = ErrorBody(error)
        case let error as TokenError:
            body = ErrorBody(error, basicTried: Self.triedBasic(request))
        case is CancellationError:
            // Cut off at its deadline or at shutdown: nobody is listening any more.
            body = .serverBusy
        default:
            logger.error("request failed", metadata: ["error": "\(error)", "request_id": "\(request.id)"])
            body = .internalError
        }
        #if DEBUG
        noticeIfUntold(body, by: request)
        #endif
        return OutgoingResponse(body, format: Self.format(for: request.incoming))
    }

    /// Pages and documents are made of descriptions; a refusal that has none is a fault of ours, for tests to find.
    private func noticeIfUntold(_ refusal: ErrorBody, by request: EndpointRequest) {
        guard let endpoint = request.row?.endpoint, !endpoint.describes(refusal) else { return }
        logger.critical(
            "a refusal that its page does not tell of",
            metadata: [
                "endpoint": "\(endpoint.slug)", "status": "\(refusal.status)", "message": "\(refusal.message)",
                "challenges": "\(refusal.challenges)",
            ]
        )
    }

    func respond(to fault: ConnectionFault, from peer: Peer) -> OutgoingResponse {
        let body: ErrorBody =
            switch fault {
            case .malformed: ErrorBody(status: 400, error: "invalid_request", description: "The request is invalid.")
            case .headersTooLarge:
                ErrorBody(status: 431, error: "invalid_request", description: "The request headers are too large.")
            case .receiveTimeout:
                ErrorBody(status: 408, error: "invalid_request", description: "The request took too long to arrive.")
            case .answerTimeout: .serverBusy
            }
        let id = Self.newRequestID()
        var response = OutgoingResponse(body, format: .json)
        response.headers += Self.neverCached
        response.headers.append(("X-Request-Id", id))
        logger.debug(
            "request refused",
            metadata: [
                "fault": "\(fault)", "status": .stringConvertible(body.status), "request_id": "\(id)",
                "address": "\(peer.address?.description ?? "unix")",
            ]
        )
        return response
    }

    private static let neverCached: [(name: String, value: String)] = [
        ("Cache-Control", "no-store"), ("Pragma", "no-cache"), ("Expires", "-1"),
    ]

    private static func format(for request: IncomingRequest) -> ResponseFormat {
        ResponseFormat.negotiate(
            accept: request.header("accept"),
            acceptCharset: request.header("accept-charset"),
            contentType: request.header("content-type")
        )
    }

    private static func triedBasic(_ request: EndpointRequest) -> Bool {
        request.header("authorization").map { AuthorizationHeader.scheme(of: $0) } == "basic"
    }

    private static func newRequestID() -> String {
        let number = RandomWords.next()
        return unsafe String(unsafeUninitializedCapacity: 16) { text in
            for place in 0..<16 {
                unsafe text[place] = Hexadecimal.digit(
                    UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * place)) & 0xF
                )
            }
            return 16
        }
    }

    /// With three decimals.
    private static func milliseconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) / 1000
    }
}

extension ErrorBody {
    /// 503: the answer was not ready in time.
    static var serverBusy: ErrorBody {
        var body = ErrorBody(
            status: 503,
            error: "temporarily_unavailable",
            description: "The request could not be answered in time"
        )
        body.retryAfter = 5
        return body
    }
}

extension OutgoingResponse {
    /// A refusal in a format.
    init(_ body: ErrorBody, format: ResponseFormat) {
        self.init(
            HTTPResponseStatus(statusCode: body.status),
            headers: body.headers + [("Content-Type", format.contentType)],
            body: format.encode(body),
            closesConnection: body.closesConnection
        )
    }
}
