import HTTPAPI
import Testing

/// Request formats, 415 and empty bodies.
struct MediaTypeTests {
    static let login = #"{"UserName":"a"}"#

    @Test(arguments: [
        "application/json", "text/json", "APPLICATION/JSON", "Application/Json; Charset=UTF-8",
        "application/json;charset=\"utf-8\"", "application/json; charset=utf-8; profile=x", "application/json;",
        " application/json ", "application/json; charset=us-ascii", "application/json; odata=verbose",
    ])
    func json(_ contentType: String) {
        #expect(Reading.login(Self.login, contentType) == "UserName=a")
    }

    @Test(arguments: ["application/xml", "text/xml", "Text/XML;charset=utf-8"])
    func xml(_ contentType: String) {
        let body = "<LoginBinding xmlns='\(XMLBindingTests.namespace)'><UserName>a</UserName></LoginBinding>"
        #expect(Reading.login(body, contentType) == "UserName=a")
    }

    @Test(arguments: ["application/x-www-form-urlencoded", "Application/X-WWW-Form-URLEncoded; charset=utf-16"])
    func form(_ contentType: String) {
        #expect(Reading.login("UserName=a", contentType) == "UserName=a")
    }

    @Test(arguments: [
        ("text/plain", "text/plain"), ("Text/Plain; charset=utf-8", "Text/Plain"),
        ("multipart/form-data; boundary=x", "multipart/form-data"), ("application/hal+json", "application/hal+json"),
        ("*/*", "*/*"), ("json", "json"), ("application/", "application/"), ("/json", "/json"),
        ("application/json charset=utf-8", "application/json charset=utf-8"), ("a b/c", "a b/c"),
    ])
    func unsupported(_ contentType: String, _ shown: String) {
        #expect(
            Reading.login(Self.login, contentType)
                == "415 The request entity's media type '\(shown)' is not supported for this resource."
        )
    }

    @Test(arguments: [nil, "", " \t"] as [String?])
    func missing(_ contentType: String?) {
        #expect(
            Reading.login(Self.login, contentType)
                == "415 The request contains an entity body but no Content-Type header. The inferred media type "
                + "'application/octet-stream' is not supported for this resource."
        )
    }

    @Test func aLongMediaTypeIsCut() {
        let answer = Reading.login(Self.login, "text/" + String(repeating: "x", count: 5000))
        #expect(answer.utf8.count < 250)
    }

    @Test(arguments: [nil, "text/plain", "application/json", "application/xml", "garbage"] as [String?])
    func emptyBody(_ contentType: String?) {
        #expect(Reading.login("", contentType) == "")
        #expect(Reading.token("", contentType) == "")
    }

    /// RFC 9110 §5.6.2.
    @Test func tokenCharacters() {
        let allowed = Set(
            "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".unicodeScalars
        )
        for octet in UInt8(0x21)...0x7E {
            let character = Unicode.Scalar(octet)
            #expect((MediaType("x/a\(character)b") != nil) == allowed.contains(character) || character == ";")
        }
    }
}
