internal import NIOCore
internal import NIOHTTP1

/// One answer, complete before the first octet of it is written.
struct OutgoingResponse: Sendable {
    /// Status code and reason.
    var status: HTTPResponseStatus
    /// Header fields but for Content-Length, Connection and Date, which the connection adds.
    var headers: [(name: String, value: String)]
    /// The body; for HEAD the one that GET would have.
    var body: [UInt8]
    /// True when the connection ends with this answer.
    var closesConnection: Bool

    init(
        _ status: HTTPResponseStatus,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        closesConnection: Bool = false
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.closesConnection = closesConnection
    }

    /// How the connection goes on, as far as the answer tells.
    enum Persistence: Sendable {
        /// HTTP/1.1: nothing to say.
        case persistent
        /// HTTP/1.0 with `Connection: keep-alive`.
        case keepAlive
        /// The last answer.
        case close
    }

    /// The whole answer in one buffer, so that it leaves in one write.
    func serialized(
        allocator: ByteBufferAllocator,
        persistence: Persistence,
        omitsBody: Bool,
        date: String
    ) -> ByteBuffer {
        // In one array first: a ByteBuffer makes sure of its octets at every piece.
        var head: [UInt8] = []
        head.reserveCapacity(256 + headers.count * 48)
        head.append(text: "HTTP/1.1 ")
        head.append(decimal: status.code)
        head.append(text: " ")
        head.append(text: status.reasonPhrase)
        head.append(text: "\r\nDate: ")
        head.append(text: date)
        for header in headers {
            head.append(text: "\r\n")
            head.append(text: header.name)
            head.append(text: ": ")
            Self.append(value: header.value, to: &head)
        }
        // RFC 9110 §8.6: no Content-Length with 204; a 304 describes what the 200 would have been.
        if status != .noContent {
            head.append(text: "\r\nContent-Length: ")
            head.append(decimal: body.count)
        }
        switch persistence {
        case .persistent: break
        case .keepAlive: head.append(text: "\r\nConnection: keep-alive")
        case .close: head.append(text: "\r\nConnection: close")
        }
        head.append(text: "\r\n\r\n")
        let hasBody = !omitsBody && status != .noContent && status != .notModified
        var buffer = allocator.buffer(capacity: head.count + (hasBody ? body.count : 0))
        buffer.writeBytes(head)
        if hasBody { buffer.writeBytes(body) }
        return buffer
    }

    /// True for a value that holds control characters.
    private static func endsEarly(_ value: String) -> Bool {
        var value = value
        return value.withUTF8 { octets in
            // To the end in any case, so that the compiler may look at many octets at once.
            var found: UInt8 = 0
            for index in octets.indices {
                let octet = unsafe octets[index]
                found |= (octet < 0x20 ? 1 : 0) | (octet == 0x7F ? 1 : 0)
            }
            return found != 0
        }
    }

    /// Octets that would end the field early (RFC 9110 §5.5) become blanks, wherever a value came from.
    private static func append(value: String, to head: inout [UInt8]) {
        if endsEarly(value) {
            head += value.utf8.lazy.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }
        } else {
            head.append(text: value)
        }
    }
}
