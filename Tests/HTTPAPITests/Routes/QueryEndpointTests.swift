import Testing
import Tokens

@testable import HTTPAPI

@Suite("Introspection and revocation", .timeLimit(.minutes(2)))
struct QueryEndpointTests {
    private static let basic = "Authorization: Basic d2ViOnMz"

    @Test(arguments: [
        ("token=abc&token_type_hint=access_token", "application/x-www-form-urlencoded"),
        (#"{"token":"abc","token_type_hint":"nonsense"}"#, "application/json"),
    ])
    func introspects(_ body: String, _ type: String) async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request(
                "POST",
                "/API/v1/auth/Introspect/",
                // JSON whatever the client accepts: RFC 7662 knows nothing else.
                headers: [Self.basic, "Accept: application/xml"],
                body: body,
                type: type
            )
            #expect(answer.status == 200)
            #expect(answer["Content-Type"] == "application/json; charset=utf-8")
            #expect(answer["Cache-Control"] == "no-store")
            #expect(
                answer.body == """
                    {"active":true,"scope":"read","client_id":"web","username":"terry-j","token_type":"Bearer",\
                    "exp":1790000300,"iat":1790000000,"sub":"1:6f9619ff-8b86-d011-b42d-00c04fc964ff",\
                    "aud":"https://api.corp.example","iss":"https://auth.corp.example","jti":"9fXZ0cUlR2yLq3mJc1nV7w",\
                    "sid":"0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11","auth_time":1790000000}
                    """
            )
            #expect(tokens.calls == ["introspect abc by web basic"])
        }
    }

    @Test func whatIsNotLiveTellsNothing() async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request(
                "POST",
                "/api/v1/auth/introspect",
                body: "token=dead&client_id=web&client_secret=s3"
            )
            #expect(answer.body == #"{"active":false}"#)
        }
    }

    @Test func severalAudiencesAreAnArray() {
        var introspection = Introspection.sample
        introspection.audience = ["a", "b"]
        #expect(String(decoding: JSONWriter.octets(of: introspection), as: UTF8.self).contains(#""aud":["a","b"]"#))
        introspection.audience = []
        #expect(!String(decoding: JSONWriter.octets(of: introspection), as: UTF8.self).contains("aud"))
    }

    @Test func revokes() async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request(
                "POST",
                "/api/v1/auth/revoke",
                body: "token=abc&client_id=web&client_secret=s3"
            )
            #expect(answer.status == 200)
            #expect(answer.body == "")
            #expect(answer["Content-Length"] == "0")
            #expect(answer["Cache-Control"] == "no-store")
            #expect(tokens.calls == ["revoke abc by web body"])
        }
    }

    @Test(arguments: ["/api/v1/auth/introspect", "/api/v1/auth/revoke"])
    func faultsOfRequests(_ path: String) async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            func ask(_ body: String, type: String? = "application/x-www-form-urlencoded", _ headers: [String] = [])
                async throws -> RawConnection.Response
            {
                try await connection.request("POST", path, headers: headers, body: body, type: type)
            }
            var answer = try await ask("token=a&token=b")
            #expect(answer.status == 400)
            #expect(answer.body.contains("duplicated parameter"))
            answer = try await ask("token=a&client_id=web", [Self.basic])
            #expect(answer.status == 400)
            #expect(answer.body.contains("Only one client authentication method may be used"))
            answer = try await ask("{", type: "application/json")
            #expect(answer.status == 400)
            #expect(answer.body.contains("ModelState"))
            // These endpoints have no contract in XML; the refusal is in XML all the same.
            answer = try await ask("<x/>", type: "application/xml")
            #expect(answer.status == 415)
            #expect(answer["Content-Type"] == "application/xml; charset=utf-8")
            #expect(answer.body.contains("The request entity's media type 'application/xml' is not supported"))
            #expect(tokens.calls.isEmpty)
            answer = try await connection.request("GET", path)
            #expect(answer.status == 405)
            #expect(answer["Allow"] == "POST")
        }
    }

    @Test(
        arguments: [
            (TokenError(.invalidClient, "Invalid client"), 401, "Basic realm=\"ldapauthd\""),
            (TokenError(.invalidRequest, "Missing parameter: token"), 400, nil),
            (TokenError(.unauthorizedClient, "x"), 400, nil), (TokenError(.unsupportedTokenType, "x"), 400, nil),
            (TokenError(.temporarilyUnavailable, "x", retryAfter: 3), 503, nil),
        ] as [(TokenError, Int, String?)]
    )
    func refusals(_ error: TokenError, _ status: Int, _ challenge: String?) async throws {
        let tokens = ScriptedTokens()
        tokens.refuse(with: error)
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            for path in ["/api/v1/auth/introspect", "/api/v1/auth/revoke"] {
                // "Basic" with nothing behind it is an attempt at Basic, too.
                for header in [Self.basic, "Authorization: Basic", "authorization:  bAsIc  "] {
                    let answer = try await connection.request("POST", path, headers: [header], body: "token=x")
                    #expect(answer.status == status)
                    #expect(answer["WWW-Authenticate"] == challenge)
                    #expect(answer.body.contains("\"error\":\"\(error.code.rawValue)\""))
                    #expect(answer["Cache-Control"] == "no-store")
                }
            }
        }
    }
}
