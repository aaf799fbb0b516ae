import FoundationEssentials
import Logging
import Synchronization
import TestSupport

@testable import Storage

/// One PostgreSQL for the whole suite, with a schema for each test. Stopped with the process.
enum SharedPostgres {
    /// Two processors run everybody's tests at once: more would only make each of them slow.
    private static let turns = 3
    private static let taken = Mutex(0)

    static var server: PostgresServer { get async throws { try await .shared() } }

    /// Waits until few enough others are at it.
    static func turn() async throws {
        _ = try await server
        while !taken.withLock({ taken in
            guard taken < turns else { return false }
            taken += 1
            return true
        }) { try await Task.sleep(for: .milliseconds(20)) }
    }

    static func giveTurn() { taken.withLock { $0 -= 1 } }

    /// The URL of a new, empty schema; `settings` as `-c name=value`.
    static func newURL(settings: String = "") async throws -> String {
        let name = "t" + UUID().uuidString.replacing("-", with: "").lowercased()
        let server = try await server
        try await server.sql("CREATE SCHEMA \(name)")
        let options = "-c search_path=\(name) \(settings)".replacing(" ", with: "%20").replacing("=", with: "%3D")
        return server.url(database: "test", parameters: "?options=\(options)")
    }

    /// A database that is patient with a busy machine.
    static func database(at url: String, connections: Int = 8) async throws -> PostgreSQLDatabase {
        try await PostgreSQLDatabase(
            opening: PostgreSQLURL(url),
            connections: connections,
            passwordFile: nil,
            poller: nil,
            blocking: nil,
            limit: .seconds(30),
            logger: .silent
        )
    }
}
