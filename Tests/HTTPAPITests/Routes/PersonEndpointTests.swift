import Testing
import Tokens

@testable import HTTPAPI

@Suite("Userinfo, logout and sessions", .timeLimit(.minutes(2)))
struct PersonEndpointTests {
    private static let endpoints = [
        ("GET", "/api/v1/auth/userinfo"), ("POST", "/api/v1/auth/logout"), ("GET", "/api/v1/auth/sessions"),
        ("DELETE", "/api/v1/auth/sessions/77"),
    ]

    @Test func userInfo() async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request(
                "GET",
                "/api/v1/auth/userinfo",
                headers: ["authorization: BEARER abc"]
            )
            #expect(answer.status == 200)
            #expect(answer["Content-Type"] == "application/json; charset=utf-8")
            #expect(answer["Cache-Control"] == "no-store")
            #expect(
                answer.body == """
                    {"sub":"1:6f9619ff-8b86-d011-b42d-00c04fc964ff","preferred_username":"terry-j","given_name":"Terry",\
                    "family_name":"Johnson","name":"Terry Johnson","email":"terry.johnson@corp.example",\
                    "groups":["editors","staff"],"userId":12}
                    """
            )
            let head = try await connection.request(
                "HEAD",
                "/api/v1/auth/userinfo",
                headers: ["Authorization: Bearer abc"]
            )
            #expect(head["Content-Length"] == "\(answer.body.utf8.count)")
            #expect(tokens.calls == ["userinfo abc", "userinfo abc"])
        }
    }

    @Test func whatIsNotKnownIsLeftOut() {
        let nobody = UserInfo(subject: "0:x", username: "x", userID: 1)
        #expect(
            String(decoding: JSONWriter.octets(of: nobody), as: UTF8.self)
                == #"{"sub":"0:x","preferred_username":"x","groups":[],"userId":1}"#
        )
    }

    @Test func logoutAndSessions() async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let bearer = ["Authorization: Bearer abc"]
            var answer = try await connection.request("POST", "/api/v1/auth/logout", headers: bearer)
            #expect(answer.status == 204)
            #expect(answer.body == "")
            // A body is not needed and not looked at.
            answer = try await connection.request(
                "POST",
                "/api/v1/auth/logout",
                headers: bearer,
                body: "x",
                type: "text/plain"
            )
            #expect(answer.status == 204)
            answer = try await connection.request("GET", "/api/v1/auth/sessions/", headers: bearer)
            #expect(
                answer.body == """
                    {"sessions":[{"DTTSessionId":77,"session_state":"0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11",\
                    "client_id":"web","scope":"read","ip":"192.0.2.10","user_agent":"curl/8.5.0",\
                    "created_at":1790000000,"last_used_at":1790000100,"expires_at":1790036000,"current":true}]}
                    """
            )
            answer = try await connection.request("DELETE", "/API/v1/auth/Sessions/77/", headers: bearer)
            #expect(answer.status == 204)
            #expect(tokens.calls == ["logout abc", "logout abc", "sessions abc", "end 77 abc"])
        }
    }

    @Test(arguments: ["78", "abc", "4294967373", "-77", "7%207", "77.0"])
    func sessionsThatAreNone(_ number: String) async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let path = "/api/v1/auth/sessions/\(number)"
            var answer = try await connection.request("DELETE", path, headers: ["Authorization: Bearer abc"])
            #expect(answer.status == 404)
            #expect(
                answer.body
                    == "{\"Message\":\"No HTTP resource was found that matches the request URI 'http://test\(path)'.\"}"
            )
            answer = try await connection.request("DELETE", path)
            #expect(answer.status == 401, "without a token nothing is told")
        }
    }

    @Test func pathsAroundTheNumber() async throws {
        try await TestServer.with({ $0.basePath = "/DevTrackAPI" }) { server in
            let connection = try await RawConnection.open(port: server.port)
            let bearer = ["Authorization: Bearer abc"]
            var answer = try await connection.request(
                "DELETE",
                "/devtrackapi/api/v1/auth/sessions/77",
                headers: bearer
            )
            #expect(answer.status == 204)
            answer = try await connection.request("GET", "/devtrackapi/api/v1/auth/sessions/77", headers: bearer)
            #expect(answer.status == 405)
            #expect(answer["Allow"] == "DELETE")
            answer = try await connection.request("DELETE", "/devtrackapi/api/v1/auth/sessions", headers: bearer)
            #expect(answer.status == 405)
            #expect(answer["Allow"] == "GET, HEAD")
            for path in ["/api/v1/auth/sessions/77", "/devtrackapi/api/v1/auth/sessions/77/78", "/devtrackapi/x/77"] {
                #expect(try await connection.request("DELETE", path, headers: bearer).status == 404)
            }
        }
    }

    @Test(arguments: endpoints)
    func noToken(_ method: String, _ path: String) async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            for headers in [[], ["Authorization: Basic d2ViOnMz"], ["Authorization: Negotiate abc"]] {
                let answer = try await connection.request(method, path, headers: headers)
                #expect(answer.status == 401)
                #expect(answer["WWW-Authenticate"] == "Bearer")
                #expect(answer.body == #"{"Message":"Authorization has been denied for this request."}"#)
                #expect(answer["Cache-Control"] == "no-store")
            }
            #expect(tokens.calls.isEmpty)
        }
    }

    @Test(
        arguments: [
            (TokenError(.invalidToken, "x"), 401, "Bearer error=\"invalid_token\""),
            (TokenError(.insufficientScope, "A client's own"), 403, "Bearer error=\"insufficient_scope\""),
            (TokenError(.temporarilyUnavailable, "x", retryAfter: 3), 503, nil),
        ] as [(TokenError, Int, String?)]
    )
    func refusals(_ error: TokenError, _ status: Int, _ challenge: String?) async throws {
        let tokens = ScriptedTokens()
        tokens.refuse(with: error)
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            for (method, path) in Self.endpoints {
                let answer = try await connection.request(
                    method,
                    path,
                    headers: ["Authorization: Bearer x", "Accept: text/xml"]
                )
                #expect(answer.status == status)
                #expect(answer["WWW-Authenticate"] == challenge)
                #expect(answer["Content-Type"] == "text/xml; charset=utf-8", "refusals are negotiated")
            }
        }
    }

    @Test func tlsIsRequiredForAllOfThem() async throws {
        try await TestServer.with({ $0.requiresTLS = true }) { server in
            let connection = try await RawConnection.open(port: server.port)
            let others = [
                ("POST", "/api/v1/auth/introspect"), ("POST", "/api/v1/auth/revoke"), ("GET", "/api/v1/auth/verify"),
            ]
            for (method, path) in Self.endpoints + others {
                #expect(try await connection.request(method, path).status == 403, "\(path)")
            }
            for path in ["/.well-known/jwks.json", "/.well-known/openid-configuration"] {
                #expect(try await connection.request("GET", path).status == 200)
            }
        }
    }
}
