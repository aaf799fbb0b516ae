import Synchronization
import TestSupport
import Testing
import Tokens

@testable import HTTPAPI

@Suite("Shutdown", .timeLimit(.minutes(2)))
struct ShutdownTests {
    private final class Outcomes: Sendable {
        private let state = Mutex((good: 0, bad: [String]()))
        func good() { state.withLock { $0.good += 1 } }
        func bad(_ text: String) { state.withLock { $0.bad.append(text) } }
        var all: (good: Int, bad: [String]) { state.withLock { $0 } }
    }

    private let login = "grant_type=password&username=terry-j&password=terry-j"

    @Test func requestsInFlightAreAnsweredAndConnectionsEnd() async throws {
        let begun = Mutex(0)
        let release = Mutex(false)
        let tokens = ScriptedTokens(login: { _, _ throws(TokenError) in
            begun.withLock { $0 += 1 }
            while !release.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(5)) }
            return ScriptedTokens.model
        })
        let server = try await TestServer.start(tokens)
        let idle = try await RawConnection.open(port: server.port)
        #expect(await eventually { server.server.connections == 1 })
        var busy: [RawConnection] = []
        for _ in 0..<20 {
            let connection = try await RawConnection.open(port: server.port)
            connection.send(
                "POST /token HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                    + "Content-Length: \(login.utf8.count)\r\n\r\n\(login)"
            )
            busy.append(connection)
        }
        #expect(await eventually { begun.withLock { $0 } == 20 })
        await server.beginStopping()
        #expect(await idle.ends())
        #expect(busy.allSatisfy { !$0.isEnded })
        // Nobody new is taken.
        #expect(await eventually { (try? await RawConnection.open(port: server.port)) == nil })
        release.withLock { $0 = true }
        for connection in busy {
            let response = try await connection.response()
            #expect(response.status == 200)
            #expect(response["Connection"] == "close")
            #expect(await connection.ends())
        }
        try await server.stop()
        #expect(server.server.connections == 0)
    }

    @Test func whoHadJustConnectedIsAnswered() async throws {
        let server = try await TestServer.start { $0.limits.lastCall = .seconds(30) }
        let used = try await RawConnection.open(port: server.port)
        #expect(try await used.request("POST", "/token", body: login).status == 200)
        let fresh = try await RawConnection.open(port: server.port)
        #expect(await eventually { server.server.connections == 2 })
        await server.beginStopping()
        // Between two requests a client knows that the connection may end; one that was just accepted is waited for.
        #expect(await used.ends())
        let response = try await fresh.request("POST", "/token", body: login)
        #expect(response.status == 200)
        #expect(response["Connection"] == "close")
        try await server.stop()
    }

    @Test func graceEnds() async throws {
        let tokens = ScriptedTokens(login: { _, _ throws(TokenError) in
            try? await Task.sleep(for: .seconds(60))
            return ScriptedTokens.model
        })
        let server = try await TestServer.start(tokens, change: { $0.limits.shutdownGrace = .milliseconds(200) })
        let connection = try await RawConnection.open(port: server.port)
        connection.send("POST /token HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        #expect(await eventually { tokens.count == 1 })
        try await server.stop()
        #expect(await connection.ends())
        #expect(server.server.connections == 0)
    }

    @Test func underLoadEveryAnswerIsWholeOrNone() async throws {
        let server = try await TestServer.start()
        let port = server.port
        let body = login
        let outcomes = Outcomes()
        try await withThrowingTaskGroup { group in
            for _ in 0..<16 {
                group.addTask {
                    while let connection = try? await RawConnection.open(port: port) {
                        while let response = try? await connection.request("POST", "/token", body: body) {
                            if response.status == 200 { outcomes.good() }
                            if response.status != 200 { outcomes.bad("\(response)") }
                        }
                        // A cut-off answer would leave octets behind.
                        let rest = connection.received
                        if !rest.isEmpty { outcomes.bad(rest) }
                    }
                }
            }
            #expect(await eventually(within: .seconds(60)) { outcomes.all.good >= 100 })
            try await server.stop()
            try await group.waitForAll()
        }
        #expect(outcomes.all.bad == [])
    }
}
