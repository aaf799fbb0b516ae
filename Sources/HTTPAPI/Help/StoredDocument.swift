internal import NIOHTTP1

/// A document that is made once and served often.
struct StoredDocument: Sendable {
    private let body: [UInt8]
    private let headers: [(name: String, value: String)]
    private let contentType: String
    private let tag: String

    static let cacheControl = "public, max-age=300"

    /// Nothing is run, nothing is sent anywhere, nothing frames it, and nothing is fetched but the style sheet beside it
    /// (CSP Level 3 §6).
    static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    init(_ body: [UInt8], mediaType: String) {
        self.body = body
        contentType = mediaType + "; charset=utf-8"
        tag = EntityTag.of(body)
        headers = [
            ("Cache-Control", Self.cacheControl), ("Content-Security-Policy", Self.contentSecurityPolicy),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
        ]
    }

    /// 200, or 304 to a client that has the same.
    func answer(to request: EndpointRequest) -> EndpointAnswer {
        .validated(body, tag: tag, contentType: contentType, headers: headers, to: request)
    }
}

extension EndpointAnswer {
    /// 200 with the tag of the document, or 304 to a client that has the same (RFC 9110 §15.4.5).
    static func validated(
        _ body: [UInt8],
        tag: String,
        contentType: String,
        headers: [(name: String, value: String)],
        to request: EndpointRequest
    ) -> EndpointAnswer {
        let headers = headers + [("ETag", tag)]
        if let known = request.header("if-none-match"), EntityTag.matches(known, tag) {
            return .complete(OutgoingResponse(.notModified, headers: headers, body: body))
        }
        return .complete(OutgoingResponse(.ok, headers: headers + [("Content-Type", contentType)], body: body))
    }
}
