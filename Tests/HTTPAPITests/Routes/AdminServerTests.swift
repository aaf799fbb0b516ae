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
        let isReady = Mutex(true)
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let (addresses, ready) = AsyncStream.makeStream(of: [BoundAddress].self)
        let server = AdminServer(
            settings: HTTPSettings(
                adminListen: [.tcp(host: "127.0.0.1", port: 0)],
                basePath: "/api",
                requiresTLS: true
            ),
            readiness: {
                let (isUp, isReady) = (isUp.withLock { $0 }, isReady.withLock { $0 })
                return ReadinessReport(
                    isReady: isReady,
                    sources: [
                        .init(
                            name: "corp",
                            state: isUp ? .up : .down,
                            detail: isUp ? nil : "connection refused",
                            hosts: [
                                .init(url: "ldaps://a", state: "up", since: 17, failures: 0, error: nil),
                                .init(url: "ldaps://b", state: "down", since: 18, failures: 3, error: "no \"route\""),
                            ]
                        ),
                        .init(name: "local", state: isUp || isReady ? .up : .empty),
                    ]
                )
            },
            metrics: { ("text/plain; version=0.0.4", Array("up 1\n".utf8)) },
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
            up.body == #"{"status":"ready","sources":[{"name":"corp","state":"up","detail":null,"hosts":["#
                + #"{"url":"ldaps://a","state":"up","since":17,"failures":0,"error":null},"#
                + #"{"url":"ldaps://b","state":"down","since":18,"failures":3,"error":"no \"route\""}]},"#
                + #"{"name":"local","state":"up","detail":null}]}"#
        )
        isUp.withLock { $0 = false }
        let degraded = try await connection.request("GET", "/readyz")
        #expect(degraded.status == 200)
        #expect(degraded.body.hasPrefix(#"{"status":"degraded""#))
        isReady.withLock { $0 = false }
        let down = try await connection.request("GET", "/readyz")
        #expect(down.status == 503)
        #expect(down.body.hasPrefix(#"{"status":"not ready""#))
        #expect(down.body.contains(#"{"name":"corp","state":"down","detail":"connection refused","#))
        #expect(down.body.contains(#"{"name":"local","state":"empty","detail":null}"#))
        #expect(try await connection.request("GET", "/healthz").status == 200)
        #expect(try await connection.request("HEAD", "/healthz").status == 200)
        let metrics = try await connection.request("GET", "/metrics")
        #expect(metrics.status == 200)
        #expect(metrics.body == "up 1\n")
        #expect(try await connection.request("POST", "/healthz").status == 405)

        await services.triggerGracefulShutdown()
        try await running.value
    }
}
