import Foundation
import NIOHTTP1
import Testing

@testable import HTTPAPI

/// The API's own pages tell of every route, and of nothing else.
@Suite("Help pages and OpenAPI document", .timeLimit(.minutes(2)))
struct HelpTests {
    private static let endpoints = APIServer.endpoints(
        APIState(
            .init(
                tokens: ScriptedTokens(),
                passwords: ScriptedTokens(),
                setting: AuthenticationSetting(supportsLocalAccounts: true, supportsDirectories: false, directories: [])
            )
        )
    )

    @Test(arguments: ["", "/DevTrackAPI"])
    func everyRouteIsInBoth(basePath: String) async throws {
        let tokens = ScriptedTokens(issuer: "https://auth.example\(basePath)")
        try await TestServer.with(tokens, { $0.basePath = basePath }) { server in
            let connection = try await RawConnection.open(port: server.port)
            let index = try await connection.request("GET", "\(basePath)/help")
            let document = try await connection.request("GET", "\(basePath)/openapi.json")
            let json = try #require(try JSONSerialization.jsonObject(with: Data(document.body.utf8)) as? [String: Any])
            let servers = try #require(json["servers"] as? [[String: String]])
            #expect(servers.map { $0["url"] } == ["https://auth.example\(basePath)"])
            var operations: [String: [String: Any]] = [:]
            for (path, item) in try #require(json["paths"] as? [String: [String: [String: Any]]]) {
                for (method, operation) in item { operations["\(method) \(path)"] = operation }
            }
            #expect(operations.count == Self.endpoints.count)
            for endpoint in Self.endpoints {
                let name = "\(endpoint.method.rawValue.lowercased()) \(endpoint.path)"
                let operation = try #require(operations[name], "\(name)")
                #expect(operation["operationId"] as? String == endpoint.slug)
                let responses = try #require(operation["responses"] as? [String: Any])
                #expect(
                    Set(responses.keys)
                        == Set((endpoint.answers + endpoint.commonAnswers).map { "\($0.status)" }),
                    "\(name)"
                )
                #expect(index.body.contains("href=\"\(basePath)/help/\(endpoint.slug)\""), "\(name)")
                let page = try await connection.request("GET", "\(basePath)/help/\(endpoint.slug)")
                #expect(page.status == 200, "\(name)")
                #expect(page.body.contains("<code>\(basePath)\(endpoint.path)</code>"), "\(name)")
                #expect(page.body.contains("https://auth.example\(basePath)/"), "\(name)")
                for field in endpoint.body?.fields ?? [] {
                    #expect(page.body.contains("<code>\(field.name)</code>"), "\(name) \(field.name)")
                }
                for parameter in endpoint.parameters {
                    #expect(page.body.contains("<code>\(parameter.name)</code>"), "\(name) \(parameter.name)")
                }
            }
            #expect(Set(Self.endpoints.map(\.slug)).count == Self.endpoints.count)
            if !basePath.isEmpty { #expect(try await connection.request("GET", "/help").status == 404) }
        }
    }

    @Test(arguments: ["/help", "/help/post-token", "/help/style.css", "/openapi.json", "/HELP/Post-Token/"])
    func headersAndMethods(path: String) async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request("GET", path, headers: ["Accept: application/xml"])
            #expect(answer.status == 200)
            let type =
                path.hasSuffix("css") ? "text/css" : path.hasSuffix("json") ? "application/json" : "text/html"
            #expect(answer["Content-Type"] == "\(type); charset=utf-8")
            #expect(
                answer["Content-Security-Policy"]
                    == "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            )
            #expect(answer["X-Content-Type-Options"] == "nosniff")
            #expect(answer["Referrer-Policy"] == "no-referrer")
            #expect(answer["Cache-Control"] == "public, max-age=300")
            let tag = try #require(answer["ETag"])
            #expect(try await connection.request("GET", path, headers: ["If-None-Match: \(tag)"]).status == 304)
            let head = try await connection.request("HEAD", path)
            #expect(head.status == 200)
            #expect(head["Content-Length"] == "\(answer.body.utf8.count)")
            let post = try await connection.request("POST", path)
            #expect(post.status == 405)
            #expect(post["Allow"] == "GET, HEAD")
        }
    }

    /// Nothing that the policy would have to stop.
    @Test func pagesAreNothingButText() async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            for path in ["/help"] + Self.endpoints.map({ "/help/\($0.slug)" }) {
                let page = try await connection.request("GET", path).body
                for forbidden in ["<script", "<style", " style=", "<img", "<form", "javascript:", " on", "src="] {
                    let tags = page.split(separator: "<").map { "<" + $0.prefix { $0 != ">" } }
                    #expect(!tags.contains { $0.contains(forbidden) }, "\(path): \(forbidden)")
                }
                #expect(page.hasPrefix("<!DOCTYPE html>"))
            }
            let missing = try await connection.request("GET", "/help/%3Cscript%3E")
            #expect(missing.status == 404)
            #expect(missing["Content-Type"] == "application/json; charset=utf-8")
            let sheet = try await connection.request("GET", "/help/style.css").body
            #expect(sheet.contains("prefers-color-scheme: dark"))
            #expect(!sheet.contains("url(") && !sheet.contains("@import"))
        }
    }

    @Test func everythingIsEscaped() {
        var html = HTMLWriter()
        html.element("a", ["href": "\"'<>&"]) { $0.prose("<b> & `x<y` \"z\"") }
        #expect(
            html.html
                == "<a href=\"&quot;&#39;&lt;&gt;&amp;\">&lt;b&gt; &amp; <code>x&lt;y</code> &quot;z&quot;</a>"
        )
    }

    @Test func samplesForShells() {
        var endpoint = Self.endpoints[0]
        let samples = RequestSamples(endpoint)
        #expect(samples.form.hasPrefix("Grant_type=password&UserName=terry-j&Password=terry-j&LDAPServerId=1"))
        #expect(
            samples.curl(base: "https://it's.example")
                == ["curl -s 'https://it'\\''s.example/token' \\\n  -d '\(samples.form)'"]
        )
        endpoint.parameters = [
            Parameter(name: "q", place: .query, kind: .list, isRequired: true, summary: "x", sample: "a b,'$(id)'"),
            Parameter(name: "r", place: .query, kind: .list, summary: "x", sample: "a"),
        ]
        #expect(RequestSamples(endpoint).curl(base: "https://a")[0].contains("?q=a%20b,%27%24%28id%29%27'"))
    }

    /// For each way in one, and none with restrictions that nobody meets at once.
    @Test func samplesForEachProof() throws {
        let verify = try #require(Self.endpoints.first { $0.path == "/api/v1/auth/verify" })
        #expect(
            RequestSamples(verify).curl(base: "https://a") == [
                "curl -s -i 'https://a/api/v1/auth/verify' \\\n  -H \"Authorization: Bearer $TOKEN\"",
                "curl -s -i 'https://a/api/v1/auth/verify' \\\n  -u 'terry-j:terry-j'",
            ]
        )
        let introspect = try #require(Self.endpoints.first { $0.path == "/api/v1/auth/introspect" })
        #expect(
            RequestSamples(introspect).curl(base: "https://a") == [
                "curl -s 'https://a/api/v1/auth/introspect' \\\n  -d \"token=$TOKEN\" \\\n"
                    + "  -d 'client_id=web&client_secret=web-secret'"
            ]
        )
    }

    /// A new issuer shows in the pages when a reload takes it.
    @Test func newSettingsMakeNewPages() async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            var settings = HTTPSettings()
            settings.basePath = "/new"
            server.server.adopt(try await server.server.prepare(settings))
            let page = try await connection.request("GET", "/new/help")
            #expect(page.body.contains("href=\"/new/help/post-token\""))
            #expect(try await connection.request("GET", "/help").status == 404)
        }
    }
}
