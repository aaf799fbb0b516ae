import Authentication
import EventPoller
import Logging
import PostgresClient
import Synchronization

/// PostgreSQL behind the boundary, shared by any number of nodes.
///
/// No batches of ours: each transaction is the server's own, and it groups the commits of its connections. A single statement
/// shares a connection with others on their way; a transaction with a body has one for itself as long as it lasts.
///
/// A call that no server answers ends after `limit` with `.unavailable`; nothing is known then of a write that was sent.
/// PostgreSQL 15 is what this is tested with; CockroachDB and YugabyteDB, which speak the same protocol, are untested.
final class PostgreSQLDatabase: SQLDatabase {
    /// Outages are answered within two seconds.
    static let callLimit: Duration = .milliseconds(1600)
    /// What nobody waits for, or only an administrator does.
    static let unhurriedLimit: Duration = .seconds(30)
    /// Copying a store, taking over accounts: a silent server is noticed by the connection.
    static let unlimitedLimit: Duration = .seconds(86_400)
    /// A migration may wait for another node's.
    static let migrationLimit: Duration = .seconds(60)
    private static let attempts = 12

    private let client: PostgresClient
    private let limit: Duration
    /// Every call has a connection for itself, so that nobody waits behind a long one.
    private let isAlone: Bool
    private let counts: Counts
    private let listening: (@Sendable () -> PostgresListener)?
    /// One connection that logins have no part in; it connects when it is first asked.
    private let lane: PostgresClient?

    private final class Counts: Sendable {
        let statistics = Mutex(StoreStatistics())
        let listener = Mutex<PostgresListener?>(nil)
    }

    /// - Parameter listening: makes a connection of its own that hears of changes.
    init(
        client: PostgresClient,
        limit: Duration,
        lane: PostgresClient? = nil,
        listening: (@Sendable () -> PostgresListener)? = nil
    ) {
        self.client = client
        self.lane = lane
        self.limit = limit
        isAlone = false
        self.listening = listening
        counts = Counts()
    }

    private init(_ other: PostgreSQLDatabase, limit: Duration, client: PostgresClient, isAlone: Bool) {
        self.client = client
        lane = nil
        self.isAlone = isAlone
        counts = other.counts
        listening = other.listening
        self.limit = limit
    }

    var openAtOnce: [String] { [PostgreSQLStatements.openKnown, PostgreSQLStatements.openNew] }

    var isShared: Bool { true }

    func query(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow] {
        if isAlone {
            let rows = try await alone { (transaction) async throws(StoreError) in
                try await transaction.query(sql, values)
            }
            counts.statistics.withLock { $0.reads += 1 }
            return rows
        }
        let rows = try await repeated { (deadline) async throws(PostgresError) in
            try await client.query(sql, values.map(\.postgres), deadline: deadline).rows
        } mayRepeat: {
            // A read may be sent twice.
            $0.mayBeRepeated || $0.code == .connectionLost
        }
        counts.statistics.withLock { $0.reads += 1 }
        return Self.rows(rows)
    }

    /// On a connection of its own, and not counted.
    private func alone<Value: Sendable>(_ body: TransactionBody<Value>) async throws(StoreError) -> Value {
        let outcome = try await repeated { (deadline) async throws(PostgresError) in
            try await attempt(body, deadline)
        } mayRepeat: {
            $0.mayBeRepeated || Self.isRaceOfMakers($0)
        }
        return try outcome.get()
    }

    func write(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow] {
        if isAlone {
            return try await transaction { (transaction) async throws(StoreError) in
                try await transaction.query(sql, values)
            }
        }
        return try await counted { () async throws(StoreError) in
            Self.rows(
                try await repeated { (deadline) async throws(PostgresError) in
                    try await client.query(sql, values.map(\.postgres), deadline: deadline).rows
                } mayRepeat: {
                    $0.mayBeRepeated
                }
            )
        }
    }

    func transaction<Value: Sendable>(_ body: @escaping TransactionBody<Value>) async throws(StoreError) -> Value {
        try await counted { () async throws(StoreError) in try await alone(body) }
    }

    /// One try. The error of a statement is thrown even where the body hid it; the body's own is returned.
    private func attempt<Value: Sendable>(
        _ body: TransactionBody<Value>,
        _ deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> Result<Value, StoreError> {
        let transaction = try await client.begin(deadline: deadline)
        do throws(StoreError) {
            let value = try await body(PostgreSQLTransaction(transaction: transaction))
            try await transaction.commitMapped()
            return .success(value)
        } catch {
            await transaction.rollback()
            if let failure = transaction.firstFailure, failure.mayBeRepeated || Self.isRaceOfMakers(failure) {
                throw failure
            }
            return .failure(error)
        }
    }

    /// CREATE TABLE IF NOT EXISTS of two nodes at once can fail in one of them: with the table (42P07) or its row type (42710)
    /// made since it looked, or with a conflict inside the catalogue.
    private static func isRaceOfMakers(_ error: PostgresError) -> Bool {
        switch error.sqlState {
        case "42P07", "42710": true
        case "23505": error.constraint?.hasPrefix("pg_") == true
        default: false
        }
    }

    private func repeated<Value>(
        _ work: (ContinuousClock.Instant) async throws(PostgresError) -> Value,
        mayRepeat: (PostgresError) -> Bool
    ) async throws(StoreError) -> Value {
        let deadline = ContinuousClock.now + limit
        var attempt = 1
        while true {
            do throws(PostgresError) {
                return try await work(deadline)
            } catch {
                guard attempt < Self.attempts, mayRepeat(error), ContinuousClock.now < deadline, !Task.isCancelled
                else {
                    throw PostgreSQLFailure.storeError(error)
                }
                // Those that got in each other's way must not meet again.
                let pause = Duration.milliseconds(min(2 << attempt, 100)) * Double.random(in: 0.5...1)
                try? await Task.sleep(for: pause)
                attempt += 1
            }
        }
    }

    private func counted<Value>(
        _ work: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let start = ContinuousClock.now
        counts.statistics.withLock { $0.waiting += 1 }
        do throws(StoreError) {
            let value = try await work()
            counts.statistics.withLock { statistics in
                statistics.waiting -= 1
                statistics.count(batch: 1, took: start.duration(to: .now))
            }
            return value
        } catch {
            counts.statistics.withLock { statistics in
                statistics.waiting -= 1
                statistics.writes += 1
                statistics.failedBatches += 1
            }
            throw error
        }
    }

    func migrate(name: String) async throws(StoreError) -> [Int64] {
        try await Migrations.postgreSQL.run(on: patient(Self.migrationLimit), name: name)
    }

    /// The same database with another limit of each call, each on a connection of its own.
    func patient(_ limit: Duration) -> PostgreSQLDatabase {
        PostgreSQLDatabase(self, limit: limit, client: client, isAlone: true)
    }

    var apart: any SQLDatabase {
        PostgreSQLDatabase(self, limit: limit, client: lane ?? client, isAlone: false)
    }

    var unhurried: any SQLDatabase { patient(Self.unhurriedLimit) }

    var unlimited: any SQLDatabase { patient(Self.unlimitedLimit) }

    func backup(to path: String) async throws(StoreError) {
        throw StoreError(.unusable, "a PostgreSQL database is copied by pg_dump or pg_basebackup, not by ldapauthd")
    }

    func close() async {
        await counts.listener.withLock { $0.take() }?.close()
        await lane?.close()
        await client.close()
    }

    /// On a connection of its own, which closes with the stream.
    func announcements() -> AsyncStream<Void>? {
        guard let listener = listening?() else { return nil }
        counts.listener.withLock { $0 = listener }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let hearing = Task {
            for await _ in listener { continuation.yield() }
            continuation.finish()
        }
        continuation.onTermination = { _ in
            hearing.cancel()
            Task { await listener.close() }
        }
        return stream
    }

    func statistics() -> StoreStatistics { counts.statistics.withLock { $0 } }

    static func rows(_ rows: [[PostgresValue]]) -> [SQLRow] { rows.map { SQLRow($0.map(\.stored)) } }
}

/// Statements inside one transaction of PostgreSQL.
struct PostgreSQLTransaction: SQLTransaction {
    let transaction: PostgresTransaction

    var raiseChange: String { PostgreSQLStatements.raiseChange }
    var raiseSession: [String] { ["SELECT \(PostgreSQLStatements.nextNumber)"] }
    var raiseUser: [String] { ["SELECT nextval('user_number')"] }
    var setUser: String { "SELECT setval('user_number', $1)" }
    var isShared: Bool { true }

    func query(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow] {
        do throws(PostgresError) {
            return PostgreSQLDatabase.rows(try await transaction.query(sql, values.map(\.postgres)).rows)
        } catch {
            throw PostgreSQLFailure.storeError(error)
        }
    }
}

extension PostgresTransaction {
    fileprivate func commitMapped() async throws(StoreError) {
        do throws(PostgresError) {
            try await commit()
        } catch {
            throw PostgreSQLFailure.storeError(error)
        }
    }
}

extension SQLValue {
    var postgres: PostgresValue {
        switch self {
        case .null: .null
        case .integer(let value): .int8(value)
        case .text(let value): .text(value)
        case .bytes(let value): .bytes(value)
        }
    }
}

extension PostgresValue {
    var stored: SQLValue {
        switch self {
        case .null: .null
        case .bool(let value): .truth(value)
        case .int4(let value): .integer(value)
        case .int8(let value): .integer(value)
        case .text(let value): .text(value)
        case .bytes(let value): .bytes(value)
        }
    }
}
