import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport
import Testing
import Tokens

@testable import HTTPAPI

@Suite("What is logged")
struct LoggingTests {
    private struct Recorder: LogHandler {
        let lines: LineBox
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.add("\(event.level) \(event.message) \(event.metadata ?? [:])")
        }
    }

    private final class LineBox: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    @Test func connectionsTurnedAwayAreToldOnceAMinute() async throws {
        let lines = LineBox()
        let logger = Logger(label: "test") { _ in Recorder(lines: lines) }
        let server = try await TestServer.start(logger: logger, change: { $0.limits.maxConnections = 1 })
        let first = try await RawConnection.open(port: server.port)
        #expect(await eventually { server.server.connections == 1 })
        for number in 1...3 {
            let refused = try await RawConnection.open(port: server.port)
            #expect(await refused.ends())
            #expect(server.server.refusedConnections == number)
        }
        let told = lines.all.filter { $0.contains("http.max_connections are open") }
        #expect(told.count == 1, "\(told)")
        #expect(told.first?.hasPrefix("warning") == true)
        first.close()
        try await server.stop()
    }

    /// What the tests of the whole program look for in the logs of their daemons.
    @Test(arguments: [(TokenError(.accessDenied, "Nobody told"), 1), (TokenError(.invalidToken, "x"), 0)])
    func refusalsThatNoPageTellsOfAreNoticed(refusal: TokenError, count: Int) async throws {
        let lines = LineBox()
        let tokens = ScriptedTokens()
        tokens.refuse(with: refusal)
        let logger = Logger(label: "test") { _ in Recorder(lines: lines) }
        let server = try await TestServer.start(tokens, logger: logger)
        let connection = try await RawConnection.open(port: server.port)
        let headers = ["Authorization: Bearer x"]
        _ = try await connection.request("GET", "/api/v1/auth/userinfo", headers: headers)
        try await server.stop()
        #expect(lines.all.count { $0.hasPrefix("critical a refusal that its page does not tell of") } == count)
    }

    @Test func requestsWithoutQueryOrBody() async throws {
        let lines = LineBox()
        let logger = Logger(label: "test") { _ in Recorder(lines: lines) }
        let tokens = ScriptedTokens(token: { _, _ throws(TokenError) in
            AccessTokenResponse(accessToken: "secret-token", expiresIn: 1)
        })
        let server = try await TestServer.start(tokens, logger: logger)
        let connection = try await RawConnection.open(port: server.port)
        let response = try await connection.request(
            "POST",
            "/api/v1/auth/token?client_secret=hidden-one",
            body: "grant_type=password&username=u&password=hidden-two"
        )
        #expect(response.status == 200)
        try await server.stop()
        let line = try #require(lines.all.first { $0.hasPrefix("debug request ") })
        let id = try #require(response["X-Request-Id"])
        for part in ["POST", "/api/v1/auth/token", "200", "127.0.0.1", id, "duration_ms"] {
            #expect(line.contains(part))
        }
        let everything = lines.all.joined()
        for secret in ["hidden-one", "hidden-two", "secret-token"] { #expect(!everything.contains(secret)) }
    }

    @Test func unexpectedErrorsBecome500AndAreLogged() async throws {
        struct Surprise: Error { let detail = "inner detail" }
        let lines = LineBox()
        let responder = EndpointResponder(
            table: EndpointTable([
                Endpoint(
                    method: .GET,
                    path: "/x",
                    summary: "",
                    carriesCredentials: false,
                    caching: .byHandler,
                    answers: []
                ) { _ in throw Surprise() }
            ]),
            logger: Logger(label: "test") { _ in Recorder(lines: lines) }
        )
        let request = IncomingRequest(
            head: .init(version: .http1_1, method: .GET, uri: "/x"),
            body: .init(),
            isBodyTooLarge: false,
            peer: Peer(address: nil, isSecure: false)
        )
        let response = await responder.respond(to: request)
        #expect(response.status == .internalServerError)
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"Message":"An error has occurred.","error":"server_error"}"#
        )
        let id = try #require(response.headers.first { $0.name == "X-Request-Id" }?.value)
        let line = try #require(lines.all.first { $0.hasPrefix("error ") })
        #expect(line.contains("inner detail") && line.contains(id))
    }
}
