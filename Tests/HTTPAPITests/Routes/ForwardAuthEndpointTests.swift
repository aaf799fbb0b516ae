import Testing
import Tokens

@testable import HTTPAPI

@Suite("Forward authentication", .timeLimit(.minutes(2)))
struct ForwardAuthEndpointTests {
    private static let path = "/api/v1/auth/verify"
    private static let person = ForwardAuthAnswer(
        subject: "1:6f9619ff-8b86-d011-b42d-00c04fc964ff",
        source: "corp",
        username: "Jörg %1, \"x\"",
        userID: 12,
        email: "jörg@corp.example",
        groups: [" a,b ", "r&d", "staff of 7"]
    )

    @Test(arguments: ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "PATCH"])
    func anyMethodIsAnswered(_ method: String) async throws {
        let tokens = ScriptedTokens(verified: Self.person)
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request(
                method,
                "/API/V1/auth/verify/",
                // What a proxy passes on of a request that is not meant for us.
                headers: ["Authorization: bearer abc", "Content-Encoding: gzip"],
                body: method == "POST" ? "\u{1F}..." : nil,
                type: "garbage"
            )
            #expect(answer.status == 200)
            #expect(answer.body == "")
            #expect(answer["X-Auth-User"] == "J%C3%B6rg %251%2C \"x\"")
            #expect(answer["X-Auth-User-Id"] == "12")
            #expect(answer["X-Auth-Groups"] == "%20a%2Cb%20,r&d,staff of 7")
            #expect(answer["X-Auth-Email"] == "j%C3%B6rg@corp.example")
            #expect(answer["X-Auth-Source"] == "corp")
            #expect(answer["X-Auth-Subject"] == "1:6f9619ff-8b86-d011-b42d-00c04fc964ff")
            #expect(answer["Cache-Control"] == "no-store")
            #expect(tokens.calls == ["verify bearer abc groups nil client nil"])
        }
    }

    @Test func aBodyTooLargeForOthersIsNoMatterHere() async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            connection.send(
                "POST \(Self.path) HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer x\r\nContent-Length: 9000000\r\n\r\n"
            )
            #expect(try await connection.response().status == 200)
            #expect(await connection.ends())
        }
    }

    @Test func whatIsUnknownIsEmptyAndThereAllTheSame() async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request("GET", Self.path, headers: ["Authorization: Bearer abc"])
            for name in ["X-Auth-User", "X-Auth-User-Id", "X-Auth-Groups", "X-Auth-Email", "X-Auth-Source"] {
                #expect(answer[name] == "", "a proxy that copies \(name) must overwrite the caller's")
            }
            #expect(answer["X-Auth-Subject"] == "web")
        }
    }

    @Test(
        arguments: [
            ("", "nil", "nil"), ("?group=staff", "[\"staff\"]", "nil"),
            ("?group=a&GROUP=b%2Cc&groups=d,e,,f+g", "[\"a\", \"b,c\", \"d\", \"e\", \"f g\"]", "nil"),
            ("?groups=", "[]", "nil"), ("?groups", "[]", "nil"), ("?group=", "[\"\"]", "nil"),
            ("?groups=r%26d&client_id=web", "[\"r&d\"]", "web"), ("?client_id=", "nil", ""), ("?other=x", "nil", "nil"),
        ]
    )
    func parameters(_ query: String, _ groups: String, _ client: String) async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            // user:päss:word
            let headers = ["Authorization: Basic dXNlcjpww6Rzczp3b3Jk"]
            #expect(try await connection.request("GET", Self.path + query, headers: headers).status == 200)
            #expect(tokens.calls == ["verify basic user päss:word groups \(groups) client \(client)"])
        }
    }

    @Test(arguments: [
        nil, "Authorization: Basic", "Authorization: Basic !!!", "Authorization: Basic dXNlcg==",
        "Authorization: Negotiate abc",
    ])
    func noCredentials(_ header: String?) async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request("GET", Self.path, headers: header.map { [$0] } ?? [])
            #expect(answer.status == 401)
            let challenges = answer.headers.filter { $0.name == "WWW-Authenticate" }.map(\.value)
            #expect(challenges == ["Basic realm=\"ldapauthd\", charset=\"UTF-8\"", "Bearer"])
            #expect(answer.body == #"{"Message":"Authorization has been denied for this request."}"#)
            let restricted = try await connection.request(
                "GET",
                Self.path + "?client_id=web",
                headers: header.map { [$0] } ?? []
            )
            #expect(restricted.headers.filter { $0.name == "WWW-Authenticate" }.map(\.value) == ["Bearer"])
        }
    }

    @Test(
        arguments: [
            (TokenError(.invalidToken, "x"), 401, "Bearer error=\"invalid_token\"", nil),
            (TokenError(.accessDenied, "Not in any"), 403, nil, nil),
            (TokenError(.temporarilyUnavailable, "x", retryAfter: 3), 503, nil, "3"),
            (TokenError(.temporarilyUnavailable, "x", retryAfter: 9, isThrottled: true), 429, nil, "9"),
        ] as [(TokenError, Int, String?, String?)]
    )
    func refusals(_ error: TokenError, _ status: Int, _ challenge: String?, _ retryAfter: String?) async throws {
        let tokens = ScriptedTokens()
        tokens.refuse(with: error)
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request("GET", Self.path, headers: ["Authorization: Bearer x"])
            #expect(answer.status == status)
            #expect(answer["WWW-Authenticate"] == challenge)
            #expect(answer["Retry-After"] == retryAfter)
            #expect(answer["X-Auth-User"] == nil)
        }
    }
}
