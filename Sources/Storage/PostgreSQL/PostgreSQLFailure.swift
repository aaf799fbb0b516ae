import Authentication
import PostgresClient

/// Turns the errors of PostgreSQL (manual, appendix A) into the store's.
enum PostgreSQLFailure {
    /// A sentence with what to do; the server's own text names tables and constraints, never values.
    static func storeError(_ error: PostgresError) -> StoreError {
        guard error.code == .server, let state = error.sqlState else {
            let isOurs = error.code == .invalidArgument
            return StoreError(isOurs ? .unusable : .unavailable, error.message)
        }
        if state == "23505" || state == "23P01" {
            return StoreError(.conflict, "exists already (\(error.constraint ?? error.message))")
        }
        if state == "53100" {
            return StoreError(.unavailable, "the disk of the PostgreSQL server is full: make room on it")
        }
        if state == "25006" {
            return StoreError(
                .unavailable,
                "the PostgreSQL server is a standby: name all servers in storage.url, with target_session_attrs=read-write"
            )
        }
        // Connection, resources, operator, system, transactions that got in each other's way.
        let passing = ["08", "40", "53", "55", "57", "58"]
        if state != "08P01", passing.contains(where: state.hasPrefix) { return StoreError(.unavailable, error.message) }
        if state.hasPrefix("23") {
            return StoreError(.unusable, "the database refused a row (\(error.constraint ?? error.message))")
        }
        return StoreError(.unusable, "the database refused a statement (\(error.message))")
    }

    /// At the start, when nothing has worked yet, what an operator must change is told as such.
    static func openingError(_ error: PostgresError) -> StoreError {
        let mustAct: [PostgresError.Code] = [.authentication, .tls, .invalidArgument]
        return mustAct.contains(error.code) ? StoreError(.unusable, error.message) : storeError(error)
    }
}
