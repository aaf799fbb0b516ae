internal import Authentication
internal import NIOCore
internal import NIOHTTP1

/// One row of the table that serves the routes: what is answered, where, and how a reader is told of it.
struct Endpoint: Sendable {
    /// Headers that tell caches what they may keep.
    enum Caching: Sendable {
        /// Never kept: tokens, good answers and bad ones alike (RFC 6749 §5.1).
        case never
        /// Up to the handler.
        case byHandler
    }

    /// The one method it answers; a GET answers HEAD as well.
    let method: HTTPMethod
    /// Below `http.base_path`, in lower case or not: routes are compared without regard to case.
    let path: String
    /// One line for people.
    let summary: String
    /// True when requests carry passwords, secrets or tokens: `http.require_tls` then applies to the path.
    let carriesCredentials: Bool
    /// What caches are told.
    let caching: Caching
    /// Answers a request that has passed the checks before the media type (TLS, method, size).
    let handler: @Sendable (EndpointRequest) async throws -> EndpointAnswer
}

/// What a handler gets to see.
struct EndpointRequest: Sendable {
    /// The request as it came.
    let incoming: IncomingRequest
    /// Whose it is.
    let caller: Caller
    /// As in `X-Request-Id`.
    let id: String

    /// The value of a header field that is expected once: all lines joined, or nil.
    func header(_ name: String) -> String? { incoming.header(name) }

    /// Lends the octets of the body for the length of the call and wipes them behind it: they may hold a password.
    func withBody<Value>(_ body: ([UInt8]) throws -> Value) rethrows -> Value {
        var octets = Array(incoming.body.readableBytesView)
        return try octets.lendAndWipe(body)
    }
}

/// What a handler answers; refusals are thrown as ``ErrorBody``, `TokenError` or ``RequestFault``.
enum EndpointAnswer: Sendable {
    /// 200 with a body in the negotiated format.
    case negotiated(any WireBody)
    /// Anything else, complete.
    case complete(OutgoingResponse)
}

extension IncomingRequest {
    /// The value of a header field: its lines joined by commas (RFC 9110 §5.3), or nil.
    func header(_ name: String) -> String? {
        let lines = head.headers[name]
        return lines.count <= 1 ? lines.first : lines.joined(separator: ", ")
    }
}
