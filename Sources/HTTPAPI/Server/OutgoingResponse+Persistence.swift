internal import NIOHTTP1

extension OutgoingResponse.Persistence {
    /// What becomes of the connection after the answer to `request` (RFC 9112 §9.3).
    init(after request: IncomingRequest) {
        let head = request.head
        // The decoder takes what follows an upgrade for another protocol and stops.
        let isUpgrade = head.headers.contains(name: "upgrade") || head.method == .CONNECT
        guard head.isKeepAlive, !request.isBodyTooLarge, !isUpgrade else {
            self = .close
            return
        }
        self = head.version == .http1_0 ? .keepAlive : .persistent
    }
}
