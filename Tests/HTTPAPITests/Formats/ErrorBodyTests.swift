import HTTPAPI
import Testing
import Tokens

/// The table of errors: status, body and headers.
struct ErrorBodyTests {
    @Test(arguments: [
        (TokenError(.invalidRequest, "Missing form parameter: grant_type"), 400, "invalid_request"),
        (TokenError(.unsupportedGrantType, "Unsupported grant_type"), 400, "unsupported_grant_type"),
        (TokenError(.invalidGrant, "Password expired"), 400, "invalid_grant"),
        (TokenError(.invalidClient, "Invalid client"), 401, "invalid_client"),
        (TokenError(.unauthorizedClient, "Client not allowed for this grant"), 400, "unauthorized_client"),
        (TokenError(.invalidScope, "Invalid scopes: x y"), 400, "invalid_scope"),
        (
            TokenError(.temporarilyUnavailable, "Too many attempts", retryAfter: 30, isThrottled: true), 429,
            "temporarily_unavailable"
        ),
        (
            TokenError(.temporarilyUnavailable, "The directory is not reachable", retryAfter: 5), 503,
            "temporarily_unavailable"
        ),
    ])
    func refusals(_ refusal: TokenError, _ status: Int, _ code: String) {
        let body = ErrorBody(refusal)
        #expect(body.status == status)
        #expect(
            String(decoding: ResponseFormat.json.encode(body), as: UTF8.self)
                == #"{"Message":"\#(refusal.description)","error":"\#(code)","error_description":"\#(refusal.description)"}"#
        )
        #expect(
            body.headers.map { "\($0.name): \($0.value)" } == refusal.retryAfter.map { ["Retry-After: \($0)"] } ?? []
        )
    }

    @Test func retryAfterIsNeverMissingNorZero() {
        #expect(ErrorBody(TokenError(.temporarilyUnavailable, "x")).retryAfter == 5)
        #expect(ErrorBody(TokenError(.temporarilyUnavailable, "x", retryAfter: 0)).retryAfter == 1)
        #expect(ErrorBody(TokenError(.invalidGrant, "x", retryAfter: 9)).retryAfter == nil)
    }

    @Test func basicIsChallengedWhenItWasTried() {
        let refusal = TokenError(.invalidClient, "Invalid client credentials")
        #expect(ErrorBody(refusal).headers.isEmpty)
        let headers = ErrorBody(refusal, basicTried: true).headers
        #expect(headers.map { "\($0.name): \($0.value)" } == [#"WWW-Authenticate: Basic realm="ldapauthd""#])
        #expect(ErrorBody(TokenError(.invalidGrant, "x"), basicTried: true).headers.isEmpty)
    }

    @Test func aBadBearerTokenIsThePlain401() throws {
        let body = ErrorBody(TokenError(.invalidToken, "anything"))
        #expect(body.status == 401)
        #expect(body.challenges == [#"Bearer error="invalid_token""#])
        #expect(ResponseFormat.json.encode(body) == (try Golden.octets("error-unauthorized.json")))
    }

    @Test func headers() {
        #expect(ErrorBody.methodNotAllowed("GET", allow: "POST").headers.map(\.value) == ["POST"])
        #expect(ErrorBody.methodNotAllowed("GET", allow: "POST").headers.map(\.name) == ["Allow"])
        #expect(ErrorBody.bodyTooLarge.closesConnection)
        let both = ErrorBody.unauthorized(challenges: ["Bearer", "Basic realm=\"x\""]).headers
        #expect(both.map(\.value) == ["Bearer", "Basic realm=\"x\""])
    }

    @Test func httpsRequired() {
        #expect(ErrorBody.httpsRequired.status == 403)
        #expect(
            String(decoding: ResponseFormat.json.encode(ErrorBody.httpsRequired), as: UTF8.self)
                == #"{"Message":"HTTPS required","error":"invalid_request","error_description":"HTTPS required"}"#
        )
    }

    /// No secret and no long value finds its way into a message.
    @Test(arguments: [
        (#"{"password":{"a":"hunter2"}}"#, Reading.json), (#"{"password":["hunter2"]}"#, Reading.json),
        (#"{"client_secret":["hunter2"],"username":["hunter2"]}"#, Reading.json),
        (#"{"password":"hunter2"#, Reading.json), (#"{"password":"hunter2\q"}"#, Reading.json),
        ("<hunter2/>", Reading.xml), ("<!DOCTYPE hunter2>", Reading.xml), ("<?hunter2?>", Reading.xml),
        ("<TokenRequest xmlns='http://schemas.datacontract.org/2004/07/IO.Swagger.Models'>hunter2", Reading.xml),
        (
            "<TokenRequest xmlns='http://schemas.datacontract.org/2004/07/IO.Swagger.Models'><password>hunter2<b/>",
            Reading.xml
        ),
        ("password=hunter2&password=hunter2", Reading.form),
    ])
    func secretsStaySecret(_ body: String, _ contentType: String) throws {
        let fault = #expect(throws: RequestFault.self) {
            try RequestReader.token(body: Array(body.utf8), contentType: contentType)
        }
        let found = try #require(fault)
        for format in [ResponseFormat.json, ResponseFormat(.xml, mediaType: "text/xml")] {
            let answer = String(decoding: format.encode(ErrorBody(found)), as: UTF8.self)
            #expect(!answer.contains("hunter2"))
        }
        #expect(!"\(found)".contains("hunter2"))
    }

    @Test func echoesAreBounded() {
        let long = String(repeating: "ä", count: 60_000)
        let expected = String(repeating: "ä", count: 64) + "…"
        let message = "400 login.LDAPServerId: The value '\(expected)' is not valid for LDAPServerId."
        #expect(Reading.login(#"{"LDAPServerId":"\#(long)"}"#, Reading.json) == message)
        #expect(Reading.login("LDAPServerId=\(long)", Reading.form) == message)
        #expect(
            Reading.login("LDAPServerId=%FF%0A%3Cb%3E", Reading.form)
                == "400 login.LDAPServerId: The value '\u{FFFD}\n<b>' is not valid for LDAPServerId."
        )
    }
}
