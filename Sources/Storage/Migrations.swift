import Authentication

/// One step of the schema. A step that was released is never changed; a further one follows it.
struct Migration: Sendable {
    let version: Int64
    let statements: [String]
}

/// Brings a database to the schema this program knows. The runner is common, the DDL has a text per database.
struct Migrations: Sendable {
    /// In ascending order of version.
    let steps: [Migration]
    /// Refuses a database that is not ours, and says whether there are tables of ours; runs in the same transaction, before
    /// anything is made.
    let inspect: TransactionBody<Bool>

    var known: Int64 { steps.last?.version ?? 0 }

    /// Runs what is missing in one transaction, so that of several processes starting at once one does it.
    ///
    /// - Parameter name: the database, for the sentence.
    /// - Returns: the versions run.
    /// - Throws: `.unusable` when the schema is newer than this program.
    func run(on database: some SQLDatabase, name: String) async throws(StoreError) -> [Int64] {
        try await database.transaction { (sql) async throws(StoreError) in
            _ = try await inspect(sql)
            _ = try await sql.query(
                """
                CREATE TABLE IF NOT EXISTS schema_version (
                    id INTEGER PRIMARY KEY CHECK (id = 1),
                    version INTEGER NOT NULL
                )
                """,
                []
            )
            // Looked at before it is locked, so that opening writes nothing: a full disk must not lock out the commands.
            let present = try await sql.query("SELECT version FROM schema_version", []).first?.integer(0)
            if present == known { return [] }
            // The row is the lock: whoever comes second waits here, and then finds the work done.
            _ = try await sql.query(
                "INSERT INTO schema_version (id, version) VALUES (1, 0) ON CONFLICT (id) DO NOTHING",
                []
            )
            let rows = try await sql.query("UPDATE schema_version SET version = version RETURNING version", [])
            let current = try rows.first?.integer(0) ?? 0
            guard current <= known else { throw tooNew(current, name) }
            let missing = steps.filter { $0.version > current }
            for step in missing {
                for statement in step.statements { _ = try await sql.query(statement, []) }
            }
            if !missing.isEmpty {
                _ = try await sql.query("UPDATE schema_version SET version = $1", [.integer(known)])
            }
            return missing.map(\.version)
        }
    }

    /// The schema that is there, nil where there is none yet; changes nothing.
    ///
    /// - Parameter name: the database, for the sentence.
    /// - Throws: `.unusable` when the schema is newer than this program.
    func present(in database: some SQLDatabase, name: String) async throws(StoreError) -> Int64? {
        try await database.transaction { (sql) async throws(StoreError) in
            guard try await inspect(sql) else { return nil }
            let version = try await sql.query("SELECT version FROM schema_version", []).first?.integer(0) ?? 0
            guard version <= known else { throw tooNew(version, name) }
            return version
        }
    }

    private func tooNew(_ version: Int64, _ name: String) -> StoreError {
        StoreError(
            .unusable,
            "The database \(name) has schema \(version), this program knows up to \(known): install the newer "
                + "ldapauthd or restore a backup"
        )
    }
}
