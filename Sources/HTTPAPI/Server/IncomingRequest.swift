internal import NIOCore
internal import NIOHTTP1

/// One request as it came, complete and within its limits.
///
/// A class, because it is handed on from the connection to the handler and looked at all along the way.
final class IncomingRequest: Sendable {
    /// Method, target and header fields.
    let head: HTTPRequestHead
    /// The body, at most `max_body` octets; empty when there is none or it was too large.
    let body: ByteBuffer
    /// True when the body exceeds `max_body`; the connection then ends with the answer.
    let isBodyTooLarge: Bool
    /// Who sent it.
    let peer: Peer
    /// Path and query, taken apart.
    let target: RequestTarget

    init(head: HTTPRequestHead, body: ByteBuffer, isBodyTooLarge: Bool, peer: Peer) {
        self.head = head
        self.body = body
        self.isBodyTooLarge = isBodyTooLarge
        self.peer = peer
        target = RequestTarget(head.uri)
    }
}

/// What a connection must tell its client without there being a request to answer.
enum ConnectionFault: Sendable, Hashable {
    /// The octets are not HTTP/1.x, or the request breaks its rules.
    case malformed
    /// Header fields beyond the limits.
    case headersTooLarge
    /// The request did not arrive in time.
    case receiveTimeout
    /// The answer was not ready in time.
    case answerTimeout
}

/// Who answers requests.
protocol RequestResponding: Sendable {
    /// The answer; it never fails, because whatever happens the client is told.
    func respond(to request: IncomingRequest) async -> OutgoingResponse

    /// The answer to a fault; the connection ends with it.
    func respond(to fault: ConnectionFault, from peer: Peer) -> OutgoingResponse
}
