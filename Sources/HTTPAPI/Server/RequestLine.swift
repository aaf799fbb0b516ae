internal import NIOCore
internal import NIOHTTP1

/// Looks at the first line of a request whose method the decoder does not know, so that it is answered like any other
/// method that is not allowed and not like garbage.
enum RequestLine {
    /// Longer than any method of the IANA registry.
    private static let longestMethod = 32
    private static let longestLine = 8192

    /// The head of a request that begins with the first of `octets` and has an unknown method (RFC 9112 §3); nil for a known
    /// method, for what is no request line, and for one that has not arrived whole.
    static func unknownMethod(in octets: ByteBuffer) -> HTTPRequestHead? {
        let view = octets.readableBytesView
        // What nearly every request is.
        if view.starts(with: "GET ".utf8) || view.starts(with: "POST ".utf8) { return nil }
        let name = view.prefix(longestMethod).prefix(while: isTokenCharacter)
        guard !name.isEmpty,
            let line = view.prefix(longestLine).split(separator: UInt8(ascii: "\r"), maxSplits: 1).first,
            line.endIndex < view.endIndex
        else { return nil }
        let method = HTTPMethod(rawValue: String(decoding: name, as: UTF8.self))
        guard case .RAW = method else { return nil }
        let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == name.count, parts[1].first == UInt8(ascii: "/"),
            parts[1].allSatisfy({ $0 > 0x20 && $0 < 0x7F }), parts[2].elementsEqual("HTTP/1.1".utf8)
        else { return nil }
        // What follows is not read: the decoder has given up.
        return HTTPRequestHead(
            version: .http1_1,
            method: method,
            uri: String(decoding: parts[1], as: UTF8.self),
            headers: ["Connection": "close"]
        )
    }

    private static func isTokenCharacter(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default:
            false
        }
    }
}
