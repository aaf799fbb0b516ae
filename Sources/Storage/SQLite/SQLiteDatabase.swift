import Authentication
import Logging
import Synchronization

/// SQLite behind the boundary: a file in WAL mode with one writer and some readers, or a database in memory.
///
/// A writer is answered after the COMMIT of its batch, which `synchronous = FULL` puts on the disk: neither `kill -9` nor a
/// power failure loses what was answered. Other processes may read and write the same file meanwhile.
final class SQLiteDatabase: SQLDatabase {
    static let closed = StoreError(.unavailable, "the database is closed")

    private let queue: WriteQueue
    private let writer: SQLiteWriter
    /// Nil in memory: a second connection would see another, empty database.
    private let readers: SQLiteReaders?
    private let path: String?
    private let running: Task<Void, Never>

    /// Opens `path`, creating it with mode 0600, or a database in memory when it is nil.
    ///
    /// - Parameters:
    ///   - emptiesLog: keeps the write-ahead log short: for the one that serves.
    ///   - waitingLimit: so many writers may wait before further ones are refused.
    init(
        path: String?,
        readers: Int,
        emptiesLog: Bool = false,
        logger: Logger,
        waitingLimit: Int = 4096
    ) async throws(StoreError) {
        let queue = WriteQueue(limit: waitingLimit, batchLimit: 256)
        let writer = SQLiteWriter(queue: queue, logger: logger)
        try await writer.open(path: path, emptiesLog: emptiesLog)
        self.path = path
        self.queue = queue
        self.writer = writer
        self.readers = path.map { SQLiteReaders(path: $0, limit: readers) }
        running = Task { await writer.run() }
    }

    /// Looks at the place as opening does, and keeps other daemons out of it.
    static func lockForServing(_ path: String) async throws(StoreError) -> ServingLock {
        try SQLiteFile.prepare(path)
        return try await ServingLock.take(path)
    }

    func query(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow] {
        if let readers { return try await readers.query(sql, values) }
        return try await transaction { (transaction) async throws(StoreError) in
            try await transaction.query(sql, values)
        }
    }

    func transaction<Value: Sendable>(_ body: @escaping TransactionBody<Value>) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            let value = ResultBox<Value>()
            queue.add(
                PendingWrite(
                    run: { (transaction) async throws(StoreError) in value.set(try await body(transaction)) },
                    finish: { error in
                        guard error == nil, let value = value.take() else {
                            return continuation.resume(returning: .failure(error ?? Self.closed))
                        }
                        continuation.resume(returning: .success(value))
                    }
                )
            )
        }
        return try result.get()
    }

    func migrate(name: String) async throws(StoreError) -> [Int64] {
        try await Migrations.sqlite.run(on: self, name: name)
    }

    func backup(to target: String) async throws(StoreError) {
        guard let path else {
            throw StoreError(.unusable, "a database in memory cannot be copied to a file")
        }
        // Under its own name only once it is whole: who is interrupted must not leave what looks like a backup.
        let part = SQLStore.unfinishedBackup(of: target)
        try SQLiteFile.create(part, for: target)
        // A connection of its own: a long copy must not hold up the readers.
        let reader = SQLiteReader(path: path, place: -1)
        do {
            try await reader.copy(to: part)
            try await Self.verify(part)
            try SQLiteFile.publish(part, as: target)
        } catch {
            await reader.close()
            SQLiteFile.remove(part)
            throw error
        }
        await reader.close()
    }

    /// Reads every page of a copy (sqlite.org/pragma.html#pragma_integrity_check).
    private static func verify(_ copy: String) async throws(StoreError) {
        let reader = SQLiteReader(path: copy, place: -2)
        let found = try await reader.query("PRAGMA integrity_check(1)", [])
        await reader.close()
        guard try found.first?.text(0) == "ok" else {
            throw StoreError(
                .unusable,
                "the copy is damaged, and so the database may be: try another disk, then restore an older backup"
            )
        }
    }

    /// One look at a file that is open anyway.
    var writeStamp: WriteStamp? { path.flatMap(WriteStamp.init(ofDatabase:)) }

    func close() async {
        queue.close()
        await running.value
        await readers?.close()
        await writer.close()
    }

    func statistics() -> StoreStatistics {
        var statistics = queue.statistics()
        statistics.reads = readers?.reads ?? 0
        return statistics
    }
}

/// Carries a writer's value from its turn to the end of its batch.
private final class ResultBox<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    func set(_ new: Value) { value.withLock { $0 = new } }

    func take() -> Value? { value.withLock { $0.take() } }
}
