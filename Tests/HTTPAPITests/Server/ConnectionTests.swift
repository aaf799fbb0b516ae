import Synchronization
import TestSupport
import Testing
import Tokens

@testable import HTTPAPI

@Suite("Connections", .timeLimit(.minutes(2)))
struct ConnectionTests {
    private let login = "grant_type=password&username=terry-j&password=terry-j"

    @Test func keepsAliveAndAnswersInOneWrite() async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            for number in 1...50 {
                let response = try await connection.request("POST", "/token", body: login)
                #expect(response.status == 200)
                #expect(response["Content-Length"] == String(response.body.utf8.count))
                #expect(response["Date"]?.hasSuffix(" GMT") == true)
                #expect(response["Connection"] == nil)
                #expect(connection.reads == number)
            }
            #expect(server.server.connections == 1)
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        let tokens = ScriptedTokens(login: { request, _ throws(TokenError) in
            // The first takes longest: order is not by speed.
            if request.username == "u0" { try? await Task.sleep(for: .milliseconds(100)) }
            var model = ScriptedTokens.model
            model.firstName = request.username
            return model
        })
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            let requests = (0..<200).map { number in
                let body = "grant_type=password&username=u\(number)&password=p"
                return "POST /token HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            }
            connection.send(requests.joined())
            for number in 0..<200 {
                let response = try await connection.response()
                #expect(response.body.contains("\"u\(number)\""))
            }
            #expect(connection.received.isEmpty)
        }
    }

    @Test func whatIsSentWhileARequestIsAnsweredWaitsInTheSocket() async throws {
        try await whileALoginIsAnswered { (connection, finish) async throws in
            // Far more than the buffers of two sockets (tcp(7): tcp_rmem, tcp_wmem).
            let size = 64 << 20
            let isTaken = Flag()
            connection.send(
                Array("POST /token HTTP/1.1\r\nHost: h\r\nContent-Length: \(size)\r\n\r\n".utf8)
                    + [UInt8](repeating: UInt8(ascii: "x"), count: size),
                noting: isTaken
            )
            #expect(await !eventually(within: .milliseconds(500)) { isTaken.isSet })
            finish.set()
            #expect(try await connection.response().status == 200)
            #expect(try await connection.response().status == 413)
        }
    }

    @Test func aRequestThatBeginsWhileAnotherIsAnsweredIsARequest() async throws {
        try await whileALoginIsAnswered { (connection, finish) async throws in
            connection.send("BREW /token HTTP/1.1\r\nHost: h\r\n\r\n")
            try await Task.sleep(for: .milliseconds(50))
            finish.set()
            #expect(try await connection.response().status == 200)
            #expect(try await connection.response().status == 405)
        }
        // Once it is answered, too, the connection is between two requests again, whose time is another.
        try await whileALoginIsAnswered({ $0.limits.requestTimeout = .seconds(2) }) { connection, finish in
            connection.send("GET /.well-known/jwks.json HTTP/1.1\r\nHost: h\r\n\r\n")
            try await Task.sleep(for: .milliseconds(50))
            finish.set()
            #expect(try await connection.response().status == 200)
            #expect(try await connection.response().body.hasPrefix("{\"keys\""))
            try await Task.sleep(for: .milliseconds(2500))
            #expect(connection.received.isEmpty && !connection.isEnded)
        }
        // Its beginning starts its time, which is shorter than that between two requests.
        try await whileALoginIsAnswered({ $0.limits.requestTimeout = .seconds(2) }) { connection, finish in
            connection.send("POST /tok")
            try await Task.sleep(for: .milliseconds(50))
            finish.set()
            #expect(try await connection.response().status == 200)
            #expect(try await connection.response().status == 408)
        }
    }

    /// Runs `body` once a login is being answered, which lasts until its flag is set.
    private func whileALoginIsAnswered(
        _ change: (inout HTTPSettings) -> Void = { _ in },
        _ body: (RawConnection, Flag) async throws -> Void
    ) async throws {
        let (hasBegun, finish) = (Flag(), Flag())
        let tokens = ScriptedTokens(login: { _, _ throws(TokenError) in
            hasBegun.set()
            _ = await eventually(every: .milliseconds(2)) { finish.isSet }
            return ScriptedTokens.model
        })
        try await TestServer.with(tokens, change) { server in
            let connection = try await RawConnection.open(port: server.port)
            connection.send(
                "POST /token HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                    + "Content-Length: \(login.utf8.count)\r\n\r\n\(login)"
            )
            #expect(await eventually { hasBegun.isSet })
            try await body(connection, finish)
        }
    }

    @Test func goodRequestBeforeGarbageIsAnswered() async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            connection.send("GET /.well-known/jwks.json HTTP/1.1\r\nHost: h\r\n\r\n\u{1}\u{2}garbage\r\n\r\n")
            #expect(try await connection.response().status == 200)
            let refusal = try await connection.response()
            #expect(refusal.status == 400)
            #expect(refusal["Connection"] == "close")
            #expect(await connection.ends())
        }
    }

    @Test(arguments: [
        ("\r\n\r\nBLAH", 400), ("GET\r\n\r\n", 400), ("GET / HTTP/9.9\r\nHost: h\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 400), ("GET /token HTTP/1.1\r\n\r\n", 400),
        ("GET /token HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("POST /token HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST /token HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
        ("POST /token HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        ("POST /token HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST /token HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("POST /token HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: nonsense\r\n\r\n", 400),
        ("GET /token HTTP/1.1\r\nHost: h\r\n: empty\r\n\r\n", 400),
        ("GET /token HTTP/1.1\r\nHost: h\r\nA b: c\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}\u{0}\u{5}\u{1}\u{0}\u{0}\u{1}", 400),
        ("GET /token HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "x", count: 40_000) + "\r\n\r\n", 431),
        ("GET /" + String(repeating: "x", count: 90_000) + " HTTP/1.1\r\nHost: h\r\n\r\n", 431),
        (
            "GET /token HTTP/1.1\r\nHost: h\r\n" + String(repeating: "X: y\r\n", count: 300) + "\r\n", 431
        ),
    ])
    func malformed(_ octets: String, _ status: Int) async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            connection.send(octets)
            let response = try await connection.response()
            #expect(response.status == status, "\(response)")
            #expect(response["Connection"] == "close")
            #expect(response["X-Request-Id"] != nil)
            #expect(response.body.contains("\"error\":\"invalid_request\""))
            #expect(await connection.ends())
        }
    }

    @Test(arguments: [
        "POST /token HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 1001\r\n\r\n",
        "POST /token HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\nExpect: 100-continue\r\n\r\n",
        "POST /token HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            + String(repeating: "64\r\n" + String(repeating: "x", count: 100) + "\r\n", count: 11),
    ])
    func oversizedBody(_ octets: String) async throws {
        try await TestServer.with(change(maxBody: 1000)) { server in
            let connection = try await RawConnection.open(port: server.port)
            connection.send(octets)
            let response = try await connection.response()
            #expect(response.status == 413)
            #expect(response.body == #"{"Message":"Maximum request length exceeded."}"#)
            #expect(response["Connection"] == "close")
            #expect(response["Cache-Control"] == "no-store")
            #expect(await connection.ends())
        }
    }

    @Test func bodyAtTheLimitIsRead() async throws {
        try await TestServer.with(change(maxBody: 100)) { server in
            let connection = try await RawConnection.open(port: server.port)
            let body = login + "&x=" + String(repeating: "y", count: 97 - login.utf8.count)
            #expect(body.utf8.count == 100)
            #expect(try await connection.request("POST", "/token", body: body).status == 200)
            let chunks = "32\r\n\(body.prefix(50))\r\n32\r\n\(body.suffix(50))\r\n0\r\n\r\n"
            connection.send(
                "POST /token HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n\(chunks)"
            )
            #expect(try await connection.response().status == 200)
        }
    }

    /// The refusal arrives although the client goes on sending, and what it sends is not read for ever.
    @Test func endlessBodyIsCutOff() async throws {
        try await TestServer.with(change(maxBody: 1000)) { server in
            let connection = try await RawConnection.open(port: server.port)
            connection.send("POST /token HTTP/1.1\r\nHost: h\r\nContent-Length: 500000000\r\n\r\n")
            let piece = [UInt8](repeating: 120, count: 1 << 20)
            for _ in 0..<64 { connection.send(piece) }
            #expect(try await connection.response().status == 413)
            #expect(await connection.ends())
            #expect(await eventually { server.server.connections == 0 })
        }
    }

    @Test func expectContinueIsAnswered() async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            connection.send(
                "POST /token HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                    + "Content-Length: \(login.utf8.count)\r\nExpect: 100-continue\r\n\r\n"
            )
            #expect(await eventually { connection.received == "HTTP/1.1 100 Continue\r\n\r\n" })
            connection.send(login)
            #expect(try await connection.response().status == 100)
            #expect(try await connection.response().status == 200)
        }
    }

    @Test(
        arguments: [
            ("GET /.well-known/jwks.json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "close", true),
            ("GET /.well-known/jwks.json HTTP/1.0\r\n\r\n", "close", true),
            ("GET /.well-known/jwks.json HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive", false),
            (
                "GET /.well-known/jwks.json HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
                "close", true
            ),
            ("GET http://h/.well-known/jwks.json HTTP/1.1\r\nHost: h\r\n\r\n", nil, false),
        ] as [(String, String?, Bool)]
    )
    func persistence(_ octets: String, _ header: String?, _ ends: Bool) async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            connection.send(octets)
            let response = try await connection.response()
            #expect(response.status == 200)
            #expect(response["Connection"] == header)
            #expect(await connection.ends(within: ends ? .seconds(10) : .milliseconds(200)) == ends)
        }
    }

    @Test func halfClosedClientGetsItsAnswer() async throws {
        let tokens = ScriptedTokens(login: { _, _ throws(TokenError) in
            try? await Task.sleep(for: .milliseconds(200))
            return ScriptedTokens.model
        })
        try await TestServer.with(tokens) { server in
            let connection = try await RawConnection.open(port: server.port)
            connection.send("POST /token HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
            connection.finishSending()
            #expect(try await connection.response().status == 200)
            #expect(await connection.ends())
        }
    }

    @Test func halfClosedClientGetsAllItsAnswers() async throws {
        for rest in ["", "POST /tok"] {
            try await whileALoginIsAnswered { connection, finish in
                connection.send("GET /.well-known/jwks.json HTTP/1.1\r\nHost: h\r\n\r\n\(rest)")
                connection.finishSending()
                try await Task.sleep(for: .milliseconds(50))
                finish.set()
                #expect(try await connection.response().status == 200)
                #expect(try await connection.response().body.hasPrefix("{\"keys\""))
                #expect(await connection.ends())
                #expect(connection.received.isEmpty)
            }
        }
    }

    @Test func drippingHeadersAreCutOff() async throws {
        try await TestServer.with({ $0.limits.requestTimeout = .milliseconds(400) }) { server in
            let connection = try await RawConnection.open(port: server.port)
            connection.send("POST /token HTTP/1.1\r\nHost: h\r\n")
            let dripping = Task {
                while !connection.isEnded, (try? await Task.sleep(for: .milliseconds(20))) != nil {
                    connection.send("X: y\r\n")
                }
            }
            let response = try await connection.response()
            #expect(response.status == 408)
            #expect(await connection.ends())
            dripping.cancel()
            #expect(await eventually { server.server.connections == 0 })
        }
    }

    @Test func drippingBodyIsCutOff() async throws {
        try await TestServer.with({ $0.limits.requestTimeout = .milliseconds(300) }) { server in
            let connection = try await RawConnection.open(port: server.port)
            connection.send("POST /token HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc")
            #expect(try await connection.response().status == 408)
            #expect(await connection.ends())
        }
    }

    @Test func slowAnswerIsGivenUp() async throws {
        let wasCancelled = Mutex(false)
        let tokens = ScriptedTokens(login: { _, _ throws(TokenError) in
            do { try await Task.sleep(for: .seconds(60)) } catch { wasCancelled.withLock { $0 = true } }
            return ScriptedTokens.model
        })
        try await TestServer.with(tokens, { $0.limits.requestTimeout = .milliseconds(300) }) { server in
            let connection = try await RawConnection.open(port: server.port)
            let response = try await connection.request("POST", "/token", body: login)
            #expect(response.status == 503)
            #expect(response["Retry-After"] != nil)
            #expect(await connection.ends())
            #expect(await eventually { wasCancelled.withLock { $0 } })
            #expect(await eventually { server.server.connections == 0 })
        }
    }

    @Test func idleConnectionsAreClosed() async throws {
        // Long enough that a busy machine gets the request there before it passes.
        try await TestServer.with({ $0.limits.idleTimeout = .seconds(6) }) { server in
            let used = try await RawConnection.open(port: server.port)
            #expect(try await used.request("POST", "/token", body: login).status == 200)
            let silent = try await RawConnection.open(port: server.port)
            #expect(await silent.ends(within: .seconds(30)))
            #expect(await used.ends(within: .seconds(30)))
            #expect(silent.received.isEmpty && used.received.isEmpty)
        }
    }

    @Test func connectionsBeyondTheLimitAreClosed() async throws {
        let other = try freePort()
        try await TestServer.with({
            $0.limits.maxConnections = 3
            $0.listen.append(.tcp(host: "127.0.0.1", port: other))
        }) { server in
            // The limit holds over all listeners.
            var open: [RawConnection] = []
            for port in [server.port, other, server.port] { open.append(try await RawConnection.open(port: port)) }
            for connection in open {
                #expect(try await connection.request("POST", "/token", body: login).status == 200)
            }
            for port in [server.port, other] {
                let refused = try await RawConnection.open(port: port)
                #expect(await refused.ends())
                #expect(refused.received.isEmpty)
            }
            #expect(server.server.refusedConnections == 2)
            open.removeLast().close()
            #expect(await eventually { server.server.connections == 2 })
            let late = try await RawConnection.open(port: server.port)
            #expect(try await late.request("POST", "/token", body: login).status == 200)
        }
    }

    /// Who sends many requests and reads no answer is not answered without end.
    @Test func clientThatNeverReadsIsCutOff() async throws {
        try await TestServer.with({ $0.limits.requestTimeout = .milliseconds(500) }) { server in
            let connection = try await RawConnection.open(port: server.port)
            try await connection.stopReading()
            let request = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: h\r\n\r\n"
            for _ in 0..<200 { connection.send(String(repeating: request, count: 500)) }
            #expect(await eventually(within: .seconds(60)) { server.server.connections == 0 })
        }
    }

    private func change(maxBody: Int) -> (inout HTTPSettings) -> Void {
        { $0.limits.maxBody = maxBody }
    }
}

extension TestServer {
    /// Starts a server with changed settings.
    static func with<Value>(
        _ change: (inout HTTPSettings) -> Void,
        _ body: (TestServer) async throws -> Value
    ) async throws -> Value {
        try await with(ScriptedTokens(), setting: nil, change, body)
    }
}
