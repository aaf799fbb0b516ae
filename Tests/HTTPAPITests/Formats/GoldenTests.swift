import HTTPAPI
import Testing
import Tokens

/// Every sample of docs/http-api.md, byte for byte.
struct GoldenTests {
    @Test(arguments: ["json", "xml"])
    func accessTokenResponse(_ syntax: String) throws {
        let answer = AccessTokenResponse(
            accessToken: "…",
            expiresIn: 300,
            ip: "192.0.2.10",
            refreshExpiresIn: 1800,
            refreshToken: "…",
            sessionState: syntax == "xml" ? "…" : "0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11",
            scope: "read"
        )
        try expect(answer, "access-token-response", syntax)
    }

    @Test(arguments: ["json", "xml"])
    func tokenModel(_ syntax: String) throws {
        let answer = TokenModel(
            accessToken: "…",
            userID: 12,
            firstName: "Terry",
            lastName: "Johnson",
            sessionNumber: 77
        )
        try expect(answer, "token-model", syntax)
    }

    @Test(arguments: ["json", "xml"])
    func authenticationSetting(_ syntax: String) throws {
        let answer = AuthenticationSetting(
            supportsLocalAccounts: true,
            supportsDirectories: true,
            directories: [.init(id: 1, name: "corp")]
        )
        try expect(answer, "authentication-setting", syntax)
    }

    @Test(arguments: ["json", "xml"])
    func refusal(_ syntax: String) throws {
        try expect(ErrorBody(TokenError(.invalidGrant, "Invalid user credentials")), "error-oauth", syntax)
    }

    @Test(arguments: ["json", "xml"])
    func unreadableMember(_ syntax: String) throws {
        let fault = #expect(throws: RequestFault.self) {
            try RequestReader.login(body: Array("LDAPServerId=abc".utf8), contentType: Reading.form)
        }
        try expect(ErrorBody(try #require(fault)), "error-model-state", syntax)
    }

    @Test(arguments: [
        (ErrorBody(RequestFault(.unsupportedMediaType, mediaType: "text/plain")), 415, "error-media-type"),
        (ErrorBody(RequestFault(.missingMediaType)), 415, "error-no-media-type"),
        (ErrorBody.bodyTooLarge, 413, "error-too-large"),
        (ErrorBody.notFound(uri: "http://host/path"), 404, "error-not-found"),
        (ErrorBody.methodNotAllowed("GET", allow: "POST"), 405, "error-method"),
        (ErrorBody.unauthorized(challenges: []), 401, "error-unauthorized"),
        (ErrorBody.internalError, 500, "error-server"),
    ])
    func plainErrors(_ body: ErrorBody, _ status: Int, _ file: String) throws {
        #expect(body.status == status)
        try expect(body, file, "json")
    }

    @Test(arguments: [("json", Reading.json), ("xml", Reading.xml), ("form", Reading.form)])
    func tokenRequest(_ suffix: String, _ contentType: String) throws {
        #expect(
            Reading.token(try Golden.octets("token-request.\(suffix)"), contentType)
                == "client_id=web client_secret=s3 scope=read username=alice password=p@ss grant_type=password"
        )
    }

    @Test(arguments: [("json", Reading.json), ("xml", Reading.xml), ("form", Reading.form)])
    func login(_ suffix: String, _ contentType: String) throws {
        #expect(
            Reading.login(try Golden.octets("login.\(suffix)"), contentType)
                == "Grant_type=password UserName=terry-j Password=terry-j LDAPServerId=4"
        )
    }

    @Test func shortLogin() throws {
        #expect(
            Reading.login(try Golden.octets("login-short.form"), Reading.form)
                == "Grant_type=password UserName=terry-j Password=terry-j"
        )
    }

    private func expect(_ body: some WireBody, _ file: String, _ syntax: String) throws {
        let format = ResponseFormat(syntax == "xml" ? .xml : .json, mediaType: "application/\(syntax)")
        let expected = try Golden.text("\(file).\(syntax)")
        #expect(String(decoding: format.encode(body), as: UTF8.self) == expected)
        // The same in UTF-16, little-endian with a BOM.
        let wide = ResponseFormat(format.syntax, mediaType: format.mediaType, encoding: .utf16)
        #expect(wide.encode(body) == Reading.utf16(expected, bom: true))
    }
}
