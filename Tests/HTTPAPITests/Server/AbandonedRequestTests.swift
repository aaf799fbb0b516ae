import Synchronization
import TestSupport
import Testing
import Tokens

@testable import HTTPAPI

@Suite("Clients that hang up", .timeLimit(.minutes(1)))
struct AbandonedRequestTests {
    /// What a request began is ended in order, and it counts as a connection until then: hanging up and calling again
    /// does not let a client have more work in flight than connections.
    @Test func workGoesOnAndCounts() async throws {
        let release = Mutex(false)
        let finished = Mutex(0)
        let tokens = ScriptedTokens(login: { _, _ throws(TokenError) in
            while !release.withLock({ $0 }) {
                if Task.isCancelled { return ScriptedTokens.model }
                try? await Task.sleep(for: .milliseconds(5))
            }
            finished.withLock { $0 += 1 }
            return ScriptedTokens.model
        })
        try await TestServer.with(tokens, { $0.limits.maxConnections = 2 }) { server in
            for number in 1...2 {
                let connection = try await RawConnection.open(port: server.port)
                connection.send("POST /token HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
                #expect(await eventually { tokens.count == number })
                connection.reset()
            }
            try await Task.sleep(for: .milliseconds(200))
            #expect(server.server.connections == 2)
            let refused = try await RawConnection.open(port: server.port)
            #expect(await refused.ends())
            #expect(server.server.refusedConnections == 1)
            release.withLock { $0 = true }
            #expect(await eventually { server.server.connections == 0 })
            #expect(finished.withLock { $0 } == 2)
            let next = try await RawConnection.open(port: server.port)
            #expect(try await next.request("POST", "/token").status == 200)
        }
    }
}
