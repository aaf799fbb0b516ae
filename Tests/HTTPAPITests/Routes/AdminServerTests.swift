import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Admin listener", .timeLimit(.minutes(1)))
struct AdminServerTests {
    @Test func healthAndReadiness() async throws {
        let isUp = Mutex(true)
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let (addresses, ready) = AsyncStream.makeStream(of: [BoundAddress].self)
        let server = AdminServer(
            settings: HTTPSettings(
                adminListen: [.tcp(host: "127.0.0.1", port: 0)],
                basePath: "/api",
                requiresTLS: true
            ),
            readiness: {
                let isUp = isUp.withLock { $0 }
                return ReadinessReport(
                    isReady: isUp,
                    sources: [
                        .init(name: "corp", isUp: isUp, detail: isUp ? nil : "connection refused"),
                        .init(name: "local", isUp: true),
                    ]
                )
            },
            group: eventLoops,
            logger: quiet
        ) { ready.yield($0) }
        let services = ServiceGroup(services: [server], logger: quiet)
        let running = Task { try await services.run() }
        var iterator = addresses.makeAsyncIterator()
        let port = try #require(await iterator.next()?.first?.port)
        let connection = try await RawConnection.open(port: port)

        #expect(try await connection.request("GET", "/healthz").status == 200)
        let up = try await connection.request("GET", "/readyz")
        #expect(up.status == 200)
        #expect(
            up.body == #"{"status":"ready","sources":[{"name":"corp","state":"up","detail":null},"#
                + #"{"name":"local","state":"up","detail":null}]}"#
        )
        isUp.withLock { $0 = false }
        let down = try await connection.request("GET", "/readyz")
        #expect(down.status == 503)
        #expect(down.body.contains(#"{"name":"corp","state":"down","detail":"connection refused"}"#))
        #expect(try await connection.request("GET", "/healthz").status == 200)
        #expect(try await connection.request("HEAD", "/healthz").status == 200)
        #expect(try await connection.request("GET", "/metrics").status == 404)
        #expect(try await connection.request("POST", "/healthz").status == 405)

        await services.triggerGracefulShutdown()
        try await running.value
    }
}
