public import Authentication
import PostgresClient

/// The URL of a PostgreSQL database, as libpq reads it.
public struct PostgreSQLURL: Sendable, Hashable, CustomStringConvertible {
    let text: String

    /// Reads `postgresql://user@host1,host2/db?sslmode=verify-full&target_session_attrs=read-write`.
    ///
    /// - Throws: `.unusable` when libpq cannot read it.
    public init(_ text: String) throws(StoreError) {
        self.text = text
        _ = try configuration
    }

    /// True when a password stands in it, where logs and process lists could show it.
    public var hasPassword: Bool {
        get throws(StoreError) { try configuration.hasPassword }
    }

    /// True when it goes over a network and nobody checks the server's certificate.
    public var trustsNetwork: Bool {
        get throws(StoreError) { try configuration.trustsNetwork }
    }

    var configuration: PostgresConfiguration {
        get throws(StoreError) {
            do throws(PostgresError) {
                return try PostgresConfiguration(text, applicationName: "ldapauthd")
            } catch {
                throw StoreError(.unusable, error.message)
            }
        }
    }

    /// Without user, password and parameters, which may hold secrets.
    public var description: String {
        let place = text.prefix { $0 != "?" }
        guard let at = place.lastIndex(of: "@") else {
            return String(place)
        }
        return "postgresql://\(place[place.index(after: at)...])"
    }
}
