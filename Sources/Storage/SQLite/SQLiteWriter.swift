import Authentication
import Glibc
import Logging

/// The one connection that writes: commits the waiting writers in batches.
actor SQLiteWriter {
    /// From the beginning of a transaction with `company` writers to that of the next.
    private static let interval: Duration = .milliseconds(2)
    private static let company = 4

    private let executor = QueueExecutor(label: "ldapauthd.sqlite.writer")
    private let queue: WriteQueue
    private let logger: Logger
    private var connection: SQLiteConnection?
    private var path: String?
    private var file: FileIdentity?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(queue: WriteQueue, logger: Logger) {
        self.queue = queue
        self.logger = logger
    }

    /// Opens `path`, creating it, or a database in memory when it is nil; `emptiesLog` as `SQLiteConnection` says.
    func open(path: String?, emptiesLog: Bool) async throws(StoreError) {
        if let path { try SQLiteFile.prepare(path) }
        let deadline = ContinuousClock.now + SQLiteConnection.busyTimeout
        while true {
            do {
                connection = try SQLiteConnection(path: path, readOnly: false, emptiesLog: emptiesLog)
                self.path = path
                file = path.flatMap(SQLiteFile.identity)
                return
            } catch  where error == StoreError(.unavailable, "") && ContinuousClock.now < deadline {
                // Another process is switching the new file to WAL, for which SQLite does not call the busy handler.
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// Serves the queue until it is closed and empty.
    func run() async {
        while let batch = await queue.next() {
            let start = ContinuousClock.now
            await commit(batch)
            let rest = Self.rest(after: batch.count, took: start.duration(to: .now))
            if rest > .zero { usleep(UInt32(rest / .microseconds(1))) }
        }
    }

    /// How long the next transaction is left to gather writers: each costs a wait for the disk, the pages that all its writers
    /// share and a handful of hand-overs between threads, whether for four of them or forty.
    ///
    /// Nothing after one with few writers, so that where few come nobody waits; and nothing where the disk takes as long.
    static func rest(after count: Int, took: Duration) -> Duration {
        count >= company ? max(.zero, interval - took) : .zero
    }

    func close() {
        connection?.close()
        connection = nil
    }

    private func commit(_ batch: [PendingWrite]) async {
        let start = ContinuousClock.now
        var outcomes = [StoreError?](repeating: nil, count: batch.count)
        do throws(StoreError) {
            guard let connection else { throw SQLiteDatabase.closed }
            try checkFile()
            if try await !commitPlainly(batch, on: connection) {
                outcomes = try await commitApart(batch, on: connection)
            }
            queue.count(batch: batch.count, took: start.duration(to: .now))
        } catch {
            if let connection, connection.isInTransaction { _ = try? connection.query("ROLLBACK") }
            for index in batch.indices { outcomes[index] = error }
            queue.countFailed(batch: batch.count)
            logger.error("The store could not write: \(error)", metadata: ["writers": "\(batch.count)"])
        }
        for (write, outcome) in zip(batch, outcomes) { write.finish(outcome) }
    }

    /// One transaction for all; false, and nothing done, when one of them failed: a body may run again. Almost none fails, and
    /// savepoints cost a third of what a login writes.
    private func commitPlainly(
        _ batch: [PendingWrite],
        on connection: SQLiteConnection
    ) async throws(StoreError) -> Bool {
        // IMMEDIATE takes the write lock at once; a deferred transaction that read first could not wait for it.
        try connection.query("BEGIN IMMEDIATE")
        do throws(StoreError) {
            for write in batch {
                try await write.run(SQLiteTransaction(connection: connection))
                // SQLite may have rolled back by itself, and what comes after would be committed piece by piece.
                guard connection.isInTransaction else { return false }
            }
        } catch {
            if connection.isInTransaction { try connection.query("ROLLBACK") }
            return false
        }
        try connection.query("COMMIT")
        return true
    }

    /// Each on a savepoint, so that one failure undoes nobody else.
    private func commitApart(
        _ batch: [PendingWrite],
        on connection: SQLiteConnection
    ) async throws(StoreError) -> [StoreError?] {
        var outcomes = [StoreError?](repeating: nil, count: batch.count)
        try connection.query("BEGIN IMMEDIATE")
        for index in batch.indices {
            outcomes[index] = await perform(batch[index], on: connection)
            guard connection.isInTransaction else {
                throw outcomes[index] ?? StoreError(.unavailable, "the database gave up a transaction")
            }
        }
        try connection.query("COMMIT")
        return outcomes
    }

    /// SQLite goes on in a file whose name was removed or given to another; what is written there is lost at the end.
    private func checkFile() throws(StoreError) {
        guard let path, SQLiteFile.identity(path) != file else { return }
        throw StoreError(
            .unavailable,
            "the database \(path) was removed or replaced while it was open: put it back and restart ldapauthd"
        )
    }

    /// Undoes all of a writer that fails, and nothing of the others.
    private func perform(_ write: PendingWrite, on connection: SQLiteConnection) async -> StoreError? {
        do {
            try connection.query("SAVEPOINT writer")
            do {
                try await write.run(SQLiteTransaction(connection: connection))
            } catch {
                if connection.isInTransaction {
                    try connection.query("ROLLBACK TO writer")
                    try connection.query("RELEASE writer")
                }
                return error
            }
            try connection.query("RELEASE writer")
            return nil
        } catch {
            return error
        }
    }
}

/// Statements on the writer's connection. Its calls never suspend, so that no other batch can come between.
struct SQLiteTransaction: SQLTransaction {
    let connection: SQLiteConnection

    func query(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow] {
        try connection.query(sql, values)
    }
}
