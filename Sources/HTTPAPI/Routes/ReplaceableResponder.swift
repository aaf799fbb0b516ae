internal import Synchronization

/// A responder that a reload can replace; a request under way is answered by the one it began with.
final class ReplaceableResponder: RequestResponding {
    private let responder: Mutex<EndpointResponder>

    init(_ responder: EndpointResponder) {
        self.responder = Mutex(responder)
    }

    private var current: EndpointResponder { responder.withLock { $0 } }

    /// Requests that begin from now on are answered by `responder`.
    func replace(with responder: EndpointResponder) {
        self.responder.withLock { $0 = responder }
    }

    func respond(to request: IncomingRequest) async -> OutgoingResponse {
        await current.respond(to: request)
    }

    func respond(to fault: ConnectionFault, from peer: Peer) -> OutgoingResponse {
        current.respond(to: fault, from: peer)
    }
}
