/// What an answer is written as: a syntax, the media type that names it, and an encoding.
public struct ResponseFormat: Sendable, Hashable {
    /// The two writers there are.
    public enum Syntax: Sendable, Hashable {
        /// RFC 8259.
        case json
        /// As DataContractSerializer writes it.
        case xml
    }

    /// Which writer.
    public let syntax: Syntax
    /// The media type the client asked for, in lower case, without parameters.
    public let mediaType: String
    /// Which octets.
    public let encoding: TextEncoding
    /// The Content-Type header of the answer.
    public let contentType: String

    /// A format; `negotiate` finds the one a request asks for.
    public init(_ syntax: Syntax, mediaType: String, encoding: TextEncoding = .utf8) {
        self.syntax = syntax
        self.mediaType = mediaType
        self.encoding = encoding
        contentType = "\(mediaType); charset=\(encoding.rawValue)"
    }

    /// `application/json; charset=utf-8`, for what is not negotiated.
    public static let json = ResponseFormat(.json, mediaType: "application/json")

    /// The octets of `body` in this format.
    public func encode(_ body: some WireBody) -> [UInt8] {
        switch syntax {
        case .json:
            var writer = JSONWriter()
            body.write(to: &writer)
            return encoding.encode(utf8: writer.octets)
        case .xml:
            var writer = XMLWriter()
            body.write(to: &writer)
            return encoding.encode(utf8: writer.octets)
        }
    }
}
