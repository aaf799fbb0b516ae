internal import NIOCore
internal import NIOHTTP1

/// Makes requests of the parts a decoder hands out, and counts their octets. It does no I/O.
struct RequestAssembler {
    /// What a part means.
    enum Event {
        /// Wait for more.
        case nothing
        /// The client waits for "100 Continue" before it sends the body (RFC 9110 §10.1.1).
        case continueExpected
        /// A request is complete.
        case request(HTTPRequestHead, ByteBuffer)
        /// The body is, or says that it will be, larger than allowed; nothing more is taken.
        case tooLarge(HTTPRequestHead)
        /// The request breaks a rule that the decoder does not check; nothing more is taken.
        case malformed
    }

    private enum State {
        case betweenRequests
        case receiving(HTTPRequestHead, ByteBuffer)
        case refused
    }

    private let maxBody: Int
    private var state = State.betweenRequests

    /// An assembler for bodies of at most `maxBody` octets.
    init(maxBody: Int) {
        self.maxBody = maxBody
    }

    /// True while a request has begun and is not complete.
    var isReceiving: Bool {
        if case .receiving = state { true } else { false }
    }

    /// Takes one part.
    mutating func take(_ part: HTTPServerRequestPart) -> Event {
        switch (part, state) {
        case (.head(let head), .betweenRequests):
            return begin(head)
        case (.body(var buffer), .receiving(let head, var body)):
            guard body.readableBytes + buffer.readableBytes <= maxBody else {
                state = .refused
                return .tooLarge(head)
            }
            // The stored copy is let go first, so that appending does not copy the octets.
            state = .betweenRequests
            if body.readableBytes == 0 { body = buffer } else { body.writeBuffer(&buffer) }
            state = .receiving(head, body)
            return .nothing
        case (.end, .receiving(let head, let body)):
            state = .betweenRequests
            return .request(head, body)
        default:
            return .nothing
        }
    }

    private mutating func begin(_ head: HTTPRequestHead) -> Event {
        // RFC 9112 §3.2: a request of HTTP/1.1 has exactly one Host.
        var hosts = 0
        for (field, _) in head.headers where ScalarText.equal(field.utf8, "host".utf8) { hosts += 1 }
        guard hosts == 1 || (hosts == 0 && head.version == .http1_0) else {
            state = .refused
            return .malformed
        }
        let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        guard length <= maxBody else {
            state = .refused
            return .tooLarge(head)
        }
        state = .receiving(head, ByteBuffer())
        let hasBody = length > 0 || head.headers.contains(name: "transfer-encoding")
        guard hasBody, head.version != .http1_0,
            head.headers.first(name: "expect")?.lowercased() == "100-continue"
        else { return .nothing }
        return .continueExpected
    }
}
