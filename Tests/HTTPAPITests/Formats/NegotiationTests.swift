import HTTPAPI
import Testing

/// "Which format the answer has", a row for each clause.
struct NegotiationTests {
    static let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    @Test(
        arguments: [
            // The best q wins.
            ("application/json;q=0.5, application/xml;q=0.9", nil, "application/xml"),
            ("application/xml;q=0.5, application/json;q=0.9", nil, "application/json"),
            ("application/xml;q=0.123456, application/json;q=0.123455", nil, "application/xml"),
            ("application/xml;Q=0.1, */*", nil, "application/json"),
            // A literal type beats a range, and a range beats `*/*`.
            ("*/*, application/xml", nil, "application/xml"),
            ("application/*, text/xml", nil, "text/xml"),
            ("*/*, text/*", nil, "text/json"),
            // Then JSON beats XML.
            ("application/xml, application/json", nil, "application/json"),
            ("text/xml, text/json", nil, "text/json"),
            // q=0 is skipped.
            ("application/json;q=0, application/xml", nil, "application/xml"),
            ("application/xml;q=0", nil, "application/json"),
            ("application/xml;q=0.000", "text/xml", "text/xml"),
            // The media type is the one matched.
            ("text/xml", nil, "text/xml"),
            ("text/json", nil, "text/json"),
            ("TEXT/XML", nil, "text/xml"),
            ("text/json, application/json", nil, "text/json"),
            ("application/*", nil, "application/json"),
            ("text/*", nil, "text/json"),
            // Parameters do not matter.
            ("application/xml; charset=utf-16; foo=\"a,b;c\\\"d\"", nil, "application/xml"),
            // Otherwise the request's own type.
            (nil, "text/xml", "text/xml"),
            (nil, "application/xml; charset=utf-8", "application/xml"),
            (nil, "Text/JSON", "text/json"),
            (nil, "application/x-www-form-urlencoded", "application/json"),
            (nil, "text/plain", "application/json"),
            // Otherwise JSON.
            (nil, nil, "application/json"),
            ("", nil, "application/json"),
            ("image/png", nil, "application/json"),
            ("application/problem+json", nil, "application/json"),
            // `*/*` is JSON even for an XML body.
            ("*/*", "text/xml", "application/json"),
            (browser, nil, "application/xml"),
            (browser, "application/json", "application/xml"),
            // What Java's HttpURLConnection sends: the bare `*` makes it unreadable.
            ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "text/xml", "text/xml"),
            ("application/xml; q=.2, text/json; q=.1", nil, "application/xml"),
            // text/html counts as absent.
            ("text/html", "text/xml", "text/xml"),
            ("text/html", nil, "application/json"),
            // One that cannot be read counts as absent, all of it.
            ("application/xml, garbage", nil, "application/json"),
            ("application/xml;q=2", nil, "application/json"),
            ("application/xml;q=abc", nil, "application/json"),
            ("application/xml;q=", nil, "application/json"),
            ("/", "text/xml", "text/xml"),
            ("*/xml", nil, "application/json"),
            ("application/xml text/xml", nil, "application/json"),
            ("application/xml;x=\"open", nil, "application/json"),
            // Empty elements mean nothing.
            (",, application/xml ,", nil, "application/xml"),
        ] as [(String?, String?, String)]
    )
    func mediaType(_ accept: String?, _ contentType: String?, _ expected: String) {
        let format = ResponseFormat.negotiate(accept: accept, acceptCharset: nil, contentType: contentType)
        #expect(format.mediaType == expected)
        #expect(format.contentType == "\(expected); charset=utf-8")
        #expect(format.syntax == (expected.hasSuffix("xml") ? .xml : .json))
    }

    @Test(
        arguments: [
            ("utf-16", nil, "utf-16"),
            ("UTF-16", nil, "utf-16"),
            ("utf-8", nil, "utf-8"),
            ("utf-8;q=0.5, utf-16;q=0.9", nil, "utf-16"),
            ("utf-16;q=0.5, utf-8", nil, "utf-8"),
            ("utf-16;q=0", nil, "utf-8"),
            ("iso-8859-1, utf-16;q=0.1", nil, "utf-16"),
            ("iso-8859-1", nil, "utf-8"),
            ("*", nil, "utf-8"),
            ("=", nil, "utf-8"),
            // A utf-16 request, unless Accept-Charset asks for something else.
            (nil, "application/json; charset=utf-16", "utf-16"),
            (nil, "application/json; charset=\"UTF-16\"", "utf-16"),
            ("utf-8", "application/json; charset=utf-16", "utf-8"),
            ("iso-8859-1", "application/json; charset=utf-16", "utf-16"),
            (nil, "application/json; charset=iso-8859-1", "utf-8"),
            (nil, "application/json", "utf-8"),
        ] as [(String?, String?, String)]
    )
    func charset(_ acceptCharset: String?, _ contentType: String?, _ expected: String) {
        let format = ResponseFormat.negotiate(accept: nil, acceptCharset: acceptCharset, contentType: contentType)
        #expect(format.contentType == "application/json; charset=\(expected)")
    }
}
