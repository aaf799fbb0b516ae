import Authentication
import TestSupport
import Testing
import Tokens

@testable import HTTPAPI

@Suite("TLS required, other origins, order of checks", .timeLimit(.minutes(2)))
struct PolicyTests {
    private let login = "grant_type=password&username=terry-j&password=terry-j"

    @Test func plainCredentialsAreRefused() async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(
            tokens,
            {
                $0.requiresTLS = true
                $0.trustedProxies = TrustedProxies(ranges: [AddressRange("127.0.0.1")].compactMap(\.self))
            }
        ) { server in
            let connection = try await RawConnection.open(port: server.port)
            for method in ["POST", "GET"] {
                let response = try await connection.request(method, "/token", body: login)
                #expect(response.status == 403)
                #expect(
                    response.body
                        == #"{"Message":"HTTPS required","error":"invalid_request","error_description":"HTTPS required"}"#
                )
            }
            #expect(tokens.count == 0)
            let headers = ["X-Forwarded-Proto: https", "X-Forwarded-For: 198.51.100.1"]
            let behind = try await connection.request("POST", "/token", headers: headers, body: login)
            #expect(behind.status == 200)
            #expect(tokens.lastContext?.address == "198.51.100.1")
            #expect(try await connection.request("GET", "/.well-known/jwks.json").status == 200)
        }
    }

    @Test func ownTLSCounts() async throws {
        let ca = try await CertificateAuthority.make()
        let pair = try await ca.issue()
        try await TestServer.with({
            $0.requiresTLS = true
            $0.tls = TLSFiles(certificate: pair.certificateFile, key: pair.keyFile)
        }) { server in
            let connection = try await RawConnection.open(port: server.port, trusting: ca.certificateFile)
            #expect(try await connection.request("POST", "/token", body: login).status == 200)
        }
    }

    @Test func strangersHeadersAreNotBelieved() async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let headers = ["X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: https"]
            _ = try await connection.request("POST", "/token", headers: headers, body: login)
            #expect(tokens.lastContext?.address == "127.0.0.1")
        }
    }

    @Test func listedOriginsMayCall() async throws {
        try await TestServer.with({ $0.corsOrigins = ["https://app.example"] }) { server in
            let connection = try await RawConnection.open(port: server.port)
            let preflight = try await connection.request(
                "OPTIONS",
                "/token",
                headers: ["Origin: https://app.example", "Access-Control-Request-Method: POST"]
            )
            #expect(preflight.status == 204)
            #expect(preflight["Access-Control-Allow-Origin"] == "https://app.example")
            #expect(preflight["Access-Control-Allow-Methods"] == "POST")
            #expect(preflight["Access-Control-Allow-Headers"]?.contains("Authorization") == true)
            #expect(preflight["Content-Length"] == nil)
            let own = try await connection.request(
                "POST",
                "/token",
                headers: ["Origin: https://app.example"],
                body: login
            )
            #expect(own.status == 200)
            #expect(own["Access-Control-Allow-Origin"] == "https://app.example")
            #expect(own["Vary"] == "Origin")
            let bad = try await connection.request(
                "POST",
                "/token",
                headers: ["Origin: https://app.example"],
                body: "%"
            )
            #expect(bad["Access-Control-Allow-Origin"] == "https://app.example")
            let other = try await connection.request("OPTIONS", "/token", headers: ["Origin: https://evil.example"])
            #expect(other.status == 405)
            #expect(other["Access-Control-Allow-Origin"] == nil)
            #expect(other["Vary"] == "Origin")
        }
    }

    @Test func withoutOriginsThereIsNoCORS() async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let response = try await connection.request("OPTIONS", "/token", headers: ["Origin: https://app.example"])
            #expect(response.status == 405)
            #expect(!response.headers.contains { $0.name.hasPrefix("Access-Control") || $0.name == "Vary" })
        }
    }

    /// Each request has all the later faults too; the first check in the order answers.
    @Test func checksRunInOrder() async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(tokens, { $0.limits.maxBody = 100 }) { server in
            let large = String(repeating: "x", count: 101)
            let cases: [(String, String, String, String, Int)] = [
                ("POST", "/nowhere", large, "text/plain", 404), ("PUT", "/token", large, "text/plain", 405),
                ("POST", "/token", large, "text/plain", 413), ("POST", "/token", "x", "text/plain", 415),
                ("POST", "/token", "{", "application/json", 400),
            ]
            for (method, path, body, type, status) in cases {
                let connection = try await RawConnection.open(port: server.port)
                #expect(try await connection.request(method, path, body: body, type: type).status == status)
            }
            #expect(tokens.count == 0)
        }
    }

    /// Nothing a client sends is a fault of the server, and the server goes on.
    @Test(arguments: [
        "application/json", "application/xml", "application/x-www-form-urlencoded", "text/json; charset=utf-16",
        "text/xml; charset=utf-16", "application/json; charset=nonsense", ";;;", "application/", "a/b/c",
    ])
    func badInputIsNeverAFault(_ type: String) async throws {
        let bodies = [
            "", " ", "\0", "{", "}", "[]", "[[[[", "null", "\"", "{\"a\":", "{\"grant_type\":{}}",
            "{\"LDAPServerId\":1e999}",
            String(repeating: "[", count: 20_000), String(repeating: "<a>", count: 5_000), "<", "<a", "<a>", "<a/>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<LoginBinding/>", "<?xml version=\"1.0\"?>", "&", "=", "%",
            "%%%",
            "%ff=%fe", "a=b=c&&==&", "\u{FEFF}", "\u{FFFE}", "Grant_type=\u{0}", "LDAPServerId=99999999999999999999",
            "{\"UserName\":\"\\ud800\"}", "{\"UserName\":\"\\u0000\"}",
        ]
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            for path in ["/token", "/api/v1/auth/token"] {
                for body in bodies {
                    for accept in ["*/*", "text/xml", ";q=,,", "application/json;q=nan"] {
                        let headers = ["Accept: \(accept)", "Accept-Charset: utf-16;q=x", "Authorization: Basic !!"]
                        let response = try await connection.request(
                            "POST",
                            path,
                            headers: headers,
                            body: body,
                            type: type
                        )
                        #expect(response.status < 500, "\(path) \(body.prefix(40)) \(response)")
                    }
                }
            }
            #expect(connection.received.isEmpty)
            #expect(server.server.connections == 1)
        }
    }
}
