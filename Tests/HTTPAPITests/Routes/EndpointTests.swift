import Foundation
import Synchronization
import TestSupport
import Testing
import Tokens

@testable import HTTPAPI

@Suite("Endpoints", .timeLimit(.minutes(2)))
struct EndpointTests {
    private let login = "grant_type=password&username=terry-j&password=terry-j"

    @Test(arguments: ["/token", "/TOKEN", "/Token/", "/%74oken", "/token?x=y", "http://test/token"])
    func pathsAreForgiving(_ path: String) async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            #expect(try await connection.request("POST", path, body: login).status == 200)
        }
    }

    @Test func basePathLiesBeforeEverything() async throws {
        try await TestServer.with({ $0.basePath = "/DevTrackAPI" }) { server in
            let connection = try await RawConnection.open(port: server.port)
            #expect(try await connection.request("POST", "/devtrackapi/Token", body: login).status == 200)
            #expect(try await connection.request("GET", "/DevTrackAPI/.well-known/jwks.json").status == 200)
            #expect(try await connection.request("POST", "/token", body: login).status == 404)
        }
    }

    @Test(arguments: [
        ("application/x-www-form-urlencoded", "login.form", "application/json; charset=utf-8", "token-model.json"),
        ("application/json", "login.json", "application/json; charset=utf-8", "token-model.json"),
        ("text/json", "login.json", "text/json; charset=utf-8", "token-model.json"),
        ("application/xml", "login.xml", "application/xml; charset=utf-8", "token-model.xml"),
        ("text/xml; charset=utf-8", "login.xml", "text/xml; charset=utf-8", "token-model.xml"),
    ])
    func everyFormatThroughTheStack(_ type: String, _ request: String, _ answerType: String, _ answer: String)
        async throws
    {
        let tokens = ScriptedTokens(login: { _, _ throws(TokenError) in
            var model = ScriptedTokens.model
            model.accessToken = "…"
            return model
        })
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let response = try await connection.request("POST", "/token", body: try golden(request), type: type)
            #expect(response.status == 200)
            #expect(response["Content-Type"] == answerType)
            #expect(response.body == (try golden(answer)))
            #expect(response["Cache-Control"] == "no-store")
            #expect(response["Pragma"] == "no-cache")
            #expect(response["Expires"] == "-1")
            #expect(tokens.lastLogin?.username == "terry-j")
            #expect(tokens.lastLogin?.directory == 4)
        }
    }

    @Test func tokenEndpointTakesClientsInBothWays() async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let body = "grant_type=client_credentials"
            var response = try await connection.request(
                "POST",
                "/api/v1/auth/token",
                headers: ["Authorization: Basic d2ViOnMz"],
                body: body
            )
            #expect(response.status == 200)
            #expect(tokens.lastToken?.client.method == .basic)
            #expect(tokens.lastToken?.client.id == "web")
            response = try await connection.request(
                "POST",
                "/api/v1/auth/token",
                headers: ["Authorization: Basic d2ViOnMz"],
                body: body + "&client_id=web&client_secret=s3"
            )
            #expect(response.status == 400)
            #expect(response.body.contains("\"error\":\"invalid_request\""))
            response = try await connection.request("POST", "/API/v1/Auth/Token/", body: body + "&client_id=web")
            #expect(tokens.lastToken?.client.method == .body)
            #expect(response.body.contains("\"ip\":\"127.0.0.1\""))
        }
    }

    @Test func bearerReachesTheLogin() async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let headers = ["authorization: bearer abc.def.ghi"]
            _ = try await connection.request("POST", "/token", headers: headers, body: login)
            #expect(tokens.lastLogin?.bearer == "abc.def.ghi")
        }
    }

    @Test(
        arguments: [
            (TokenError(.invalidGrant, "Invalid user credentials"), 400, nil, nil),
            (TokenError(.invalidClient, "Invalid client"), 401, "Basic realm=\"ldapauthd\"", nil),
            (TokenError(.invalidToken, "x"), 401, "Bearer error=\"invalid_token\"", nil),
            (TokenError(.temporarilyUnavailable, "The directory is not reachable", retryAfter: 7), 503, nil, "7"),
            (TokenError(.temporarilyUnavailable, "Too many attempts", retryAfter: 9, isThrottled: true), 429, nil, "9"),
        ] as [(TokenError, Int, String?, String?)]
    )
    func refusals(_ error: TokenError, _ status: Int, _ challenge: String?, _ retryAfter: String?) async throws {
        let tokens = ScriptedTokens(
            login: { _, _ throws(TokenError) in throw error },
            token: { _, _ throws(TokenError) in throw error }
        )
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let headers = ["Authorization: Basic d2ViOnMz"]
            let response = try await connection.request(
                "POST",
                "/api/v1/auth/token",
                headers: headers,
                body: "grant_type=client_credentials"
            )
            #expect(response.status == status)
            #expect(response["WWW-Authenticate"] == challenge)
            #expect(response["Retry-After"] == retryAfter)
            #expect(response["Cache-Control"] == "no-store")
            #expect(try await connection.request("POST", "/token", body: login).status == status)
        }
    }

    @Test func basicChallengeOnlyWhenBasicWasTried() async throws {
        let tokens = ScriptedTokens(token: { _, _ throws(TokenError) in
            throw TokenError(.invalidClient, "Invalid client")
        })
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let response = try await connection.request("POST", "/api/v1/auth/token", body: "grant_type=password")
            #expect(response.status == 401)
            #expect(response["WWW-Authenticate"] == nil)
        }
    }

    @Test(
        arguments: [
            ("GET", "/token", 405, "POST", "The requested resource does not support http method 'GET'."),
            ("PUT", "/api/v1/auth/token", 405, "POST", "The requested resource does not support http method 'PUT'."),
            ("OPTIONS", "/token", 405, "POST", "The requested resource does not support http method 'OPTIONS'."),
            ("HEAD", "/token", 405, "POST", nil),
            (
                "POST", "/api/System/authenticationSetting", 405, "GET, HEAD",
                "The requested resource does not support http method 'POST'."
            ),
            (
                "GET", "/nothing?password=secret", 404, nil,
                "No HTTP resource was found that matches the request URI 'http://test/nothing'."
            ),
            ("GET", "/", 404, nil, "No HTTP resource was found that matches the request URI 'http://test/'."),
            (
                "GET", "/healthz", 404, nil,
                "No HTTP resource was found that matches the request URI 'http://test/healthz'."
            ),
        ] as [(String, String, Int, String?, String?)]
    )
    func unknownPathsAndMethods(
        _ method: String,
        _ path: String,
        _ status: Int,
        _ allow: String?,
        _ message: String?
    ) async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let response = try await connection.request(method, path)
            #expect(response.status == status)
            #expect(response["Allow"] == allow)
            if let message { #expect(response.body == "{\"Message\":\"\(message)\"}") }
            let xml = try await connection.request(method, path, headers: ["Accept: text/xml"])
            #expect(xml["Content-Type"] == "text/xml; charset=utf-8")
            if let message { #expect(xml.body == "<Error><Message>\(message)</Message></Error>") }
        }
    }

    @Test func mediaTypesAreToldApart() async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let text = try await connection.request("POST", "/token", body: "x", type: "text/plain")
            #expect(text.status == 415)
            #expect(text.body == (try golden("error-media-type.json")))
            let none = try await connection.request("POST", "/token", body: "x", type: nil)
            #expect(none.status == 415)
            #expect(none.body == (try golden("error-no-media-type.json")))
        }
    }

    @Test func setting() async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let json = try await connection.request("GET", "/api/system/authenticationsetting")
            #expect(json.body == (try golden("authentication-setting.json")))
            let xml = try await connection.request(
                "GET",
                "/api/System/authenticationSetting",
                headers: ["Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]
            )
            #expect(xml["Content-Type"] == "application/xml; charset=utf-8")
            #expect(xml.body == (try golden("authentication-setting.xml")))
        }
    }

    @Test func keySetIsCacheable() async throws {
        try await TestServer.with(ScriptedTokens(keys: #"{"keys":[1]}"#)) { server in
            let connection = try await RawConnection.open(port: server.port)
            let path = "/.well-known/jwks.json"
            let full = try await connection.request("GET", path)
            #expect(full.body == #"{"keys":[1]}"#)
            #expect(full["Content-Type"] == "application/json; charset=utf-8")
            #expect(full["Cache-Control"] == "public, max-age=300")
            let tag = try #require(full["ETag"])
            let head = try await connection.request("HEAD", path)
            #expect(head.status == 200)
            #expect(head["Content-Length"] == "12")
            #expect(head["ETag"] == tag)
            let same = try await connection.request("GET", path, headers: ["If-None-Match: \"x\", W/\(tag)"])
            #expect(same.status == 304)
            #expect(same["ETag"] == tag)
            let other = try await connection.request("GET", path, headers: ["If-None-Match: \"x\""])
            #expect(other.status == 200)
            #expect(connection.received.isEmpty)
        }
    }

    @Test func stateIsSwappedWhole() async throws {
        let setting = AuthenticationSetting(supportsLocalAccounts: true, supportsDirectories: false, directories: [])
        let (first, second) = (ScriptedTokens(keys: "1"), ScriptedTokens(keys: "2"))
        let state = APIState(.init(tokens: first, passwords: first, setting: setting))
        state.replace(with: .init(tokens: second, passwords: second, setting: setting))
        #expect(state.current.tokens.keySet() == Array("2".utf8))
    }

    @Test func requestIDsDiffer() async throws {
        let tokens = ScriptedTokens()
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            var ids: Set<String> = []
            for _ in 0..<20 {
                let response = try await connection.request(
                    "POST",
                    "/token",
                    headers: ["X-Request-Id: mine"],
                    body: login
                )
                ids.insert(response["X-Request-Id"] ?? "")
                #expect(response["X-Request-Id"] == tokens.lastContext?.requestID)
            }
            #expect(ids.count == 20)
            #expect(ids.allSatisfy { $0.count == 16 })
        }
    }

    func golden(_ name: String) throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        var text = try String(contentsOf: folder.appending(path: "Golden/\(name)"), encoding: .utf8)
        if text.hasSuffix("\n") { text.removeLast() }
        return text
    }
}
