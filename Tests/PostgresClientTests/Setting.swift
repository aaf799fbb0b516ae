import EventPoller
import Logging
import PostgresClient
import TestSupport
import Testing

/// A client with a poller and threads of its own.
struct Setting {
    let poller: EventPoller
    let blocking = BlockingPool(name: "test", threads: 4, queueLimit: 16)
    let client: PostgresClient

    init(_ url: String, _ change: (inout PostgresConfiguration) -> Void = { _ in }) throws {
        var configuration = try PostgresConfiguration(url, applicationName: "test")
        change(&configuration)
        poller = try EventPoller(name: "test")
        client = PostgresClient(configuration, poller: poller, blocking: blocking, logger: .silent)
    }

    /// On the shared server, closed afterwards.
    static func shared(
        _ change: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: (PostgresClient) async throws -> Void
    ) async throws {
        let setting = try Setting(try await PostgresServer.shared().url, change)
        do {
            try await body(setting.client)
        } catch {
            await setting.client.close()
            throw error
        }
        await setting.client.close()
    }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// Far enough for a busy machine.
var soon: ContinuousClock.Instant { .now + .seconds(20) }

/// The error of a call that must fail.
func failure(_ work: () async throws -> Void) async -> PostgresError? {
    do {
        try await work()
        Issue.record("no error")
        return nil
    } catch {
        return error as? PostgresError
    }
}
