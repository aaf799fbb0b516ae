import Testing

@testable import HTTPAPI

@Suite("Odd requests", .timeLimit(.minutes(2)))
struct OddRequestTests {
    @Test(
        arguments: [
            ("FOO", "/token", 405, "POST"), ("foo-Bar_1", "/.well-known/jwks.json", 405, "GET, HEAD"),
            ("FOO", "/nothing", 404, nil), ("BREW", "/token?password=x", 405, "POST"),
        ] as [(String, String, Int, String?)]
    )
    func unknownMethods(_ method: String, _ path: String, _ status: Int, _ allow: String?) async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request(method, path, body: "x=y")
            #expect(answer.status == status)
            #expect(answer["Allow"] == allow)
            #expect(answer["X-Request-Id"] != nil)
            if status == 405 {
                #expect(
                    answer.body == #"{"Message":"The requested resource does not support http method '\#(method)'."}"#
                )
            }
            // What follows cannot be read: the decoder does not know where it ends.
            #expect(answer["Connection"] == "close")
            #expect(await connection.ends())
        }
    }

    @Test(arguments: [
        "FOO\r\n\r\n", "FOO /token\r\n\r\n", "FOO /token HTTP/2.0\r\n\r\n", "FOO  /token HTTP/1.1\r\n\r\n",
        "F@O /token HTTP/1.1\r\nHost: a\r\n\r\n", "FOO /to\u{7F}ken HTTP/1.1\r\nHost: a\r\n\r\n", "\u{16}\u{3}\u{1}",
        "\(String(repeating: "F", count: 40)) /token HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func whatIsNoRequestLineIsGarbage(_ octets: String) async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            connection.send(octets)
            #expect(try await connection.response().status == 400)
            #expect(await connection.ends())
        }
    }

    @Test func anUnknownMethodBehindAnotherRequest() async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            #expect(try await connection.request("GET", "/.well-known/jwks.json").status == 200)
            #expect(try await connection.request("FOO", "/token").status == 405)
        }
    }

    @Test(arguments: [("gzip", 415), ("GZIP", 415), ("br, gzip", 415), ("identity", 200), (" Identity ", 200)])
    func contentEncodings(_ encoding: String, _ status: Int) async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request(
                "POST",
                "/token",
                headers: ["Content-Encoding: \(encoding)"],
                body: "grant_type=password&username=a&password=b"
            )
            #expect(answer.status == status)
            guard status == 415 else { return }
            #expect(answer["Accept-Encoding"] == "identity")
            #expect(
                answer.body
                    == "{\"Message\":\"The request entity's content encoding '\(encoding)' is not supported for this resource.\"}"
            )
        }
    }

    @Test(
        arguments: [
            ("garbage", "garbage"), ("a/b/c", "a/b/c"), ("application/json;;charset", nil), ("{}", "{}"),
            (String(repeating: "x", count: 300), String(repeating: "x", count: 127)),
        ] as [(String, String?)]
    )
    func aContentTypeThatIsNone(_ type: String, _ shown: String?) async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request("POST", "/token", body: "x", type: type)
            guard let shown else {
                #expect(answer.status == 400, "a fault in the body: the type is legible")
                return
            }
            #expect(answer.status == 415)
            #expect(
                answer.body
                    == "{\"Message\":\"The request entity's media type '\(shown)' is not supported for this resource.\"}"
            )
        }
    }
}
