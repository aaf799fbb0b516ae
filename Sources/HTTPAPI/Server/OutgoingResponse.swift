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
        var buffer = allocator.buffer(capacity: 256 + headers.count * 48 + body.count)
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(status.code))
        buffer.writeStaticString(" ")
        buffer.writeString(status.reasonPhrase)
        buffer.writeStaticString("\r\nDate: ")
        buffer.writeString(date)
        for header in headers { Self.write(header, into: &buffer) }
        // RFC 9110 §8.6: no Content-Length with 204; a 304 describes what the 200 would have been.
        if status != .noContent {
            buffer.writeStaticString("\r\nContent-Length: ")
            buffer.writeString(String(body.count))
        }
        switch persistence {
        case .persistent: break
        case .keepAlive: buffer.writeStaticString("\r\nConnection: keep-alive")
        case .close: buffer.writeStaticString("\r\nConnection: close")
        }
        buffer.writeStaticString("\r\n\r\n")
        if !omitsBody, status != .noContent, status != .notModified { buffer.writeBytes(body) }
        return buffer
    }

    /// Octets that would end the field early (RFC 9110 §5.5) become blanks, wherever a value came from.
    private static func write(_ header: (name: String, value: String), into buffer: inout ByteBuffer) {
        buffer.writeStaticString("\r\n")
        buffer.writeString(header.name)
        buffer.writeStaticString(": ")
        if header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) {
            buffer.writeString(header.value)
        } else {
            buffer.writeBytes(header.value.utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 })
        }
    }
}
