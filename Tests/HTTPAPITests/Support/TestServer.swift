import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TestSupport
import Tokens

@testable import HTTPAPI

/// One group of event loops for all tests.
let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 2)

/// A running `APIServer` on free ports, stopped by `stop()`.
struct TestServer: Sendable {
    let server: APIServer
    let addresses: [BoundAddress]
    private let services: ServiceGroup
    private let running: Task<Void, any Error>

    static func start(
        _ tokens: any TokenRules = ScriptedTokens(),
        passwords: any PasswordChanging = ScriptedTokens(),
        setting: AuthenticationSetting? = nil,
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        change: (inout HTTPSettings) -> Void = { _ in }
    ) async throws -> TestServer {
        var settings = HTTPSettings(listen: [.tcp(host: "127.0.0.1", port: 0)])
        change(&settings)
        let setting =
            setting
            ?? AuthenticationSetting(
                supportsLocalAccounts: true,
                supportsDirectories: true,
                directories: [.init(id: 1, name: "corp")]
            )
        let (addresses, ready) = AsyncStream.makeStream(of: [BoundAddress].self)
        let server = try await APIServer(
            settings: settings,
            state: APIState(.init(tokens: tokens, passwords: passwords, setting: setting)),
            group: eventLoops,
            logger: logger
        ) { ready.yield($0) }
        let services = ServiceGroup(services: [server], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let running = Task {
            defer { ready.finish() }
            try await services.run()
        }
        for await bound in addresses {
            return TestServer(server: server, addresses: bound, services: services, running: running)
        }
        try await running.value
        throw TestSupportError("the server ended before it was ready")
    }

    /// The port of the first TCP listener.
    var port: Int { addresses.lazy.compactMap(\.port).first ?? 0 }

    /// Shuts down as SIGTERM would and waits for the end.
    func stop() async throws {
        await services.triggerGracefulShutdown()
        try await running.value
    }

    /// Begins to shut down.
    func beginStopping() async {
        await services.triggerGracefulShutdown()
    }

    /// Starts a server, runs `body`, stops it whatever happens.
    static func with<Value>(
        _ tokens: any TokenRules = ScriptedTokens(),
        passwords: any PasswordChanging = ScriptedTokens(),
        setting: AuthenticationSetting? = nil,
        _ change: (inout HTTPSettings) -> Void = { _ in },
        _ body: (TestServer) async throws -> Value
    ) async throws -> Value {
        let server = try await start(tokens, setting: setting, change: change)
        do {
            let value = try await body(server)
            try await server.stop()
            return value
        } catch {
            try? await server.stop()
            throw error
        }
    }
}
