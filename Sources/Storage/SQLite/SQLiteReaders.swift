import Authentication
import Synchronization

/// The connections that read: opened when all before them are busy, up to a limit.
final class SQLiteReaders: Sendable {
    private struct State {
        var readers: [SQLiteReader] = []
        var load: [Int] = []
        var reads: UInt64 = 0
        var isClosed = false
    }

    /// So many reads may wait for each connection before further ones are refused.
    private static let waitingLimit = 512

    private let state = Mutex(State())
    private let path: String
    private let limit: Int

    init(path: String, limit: Int) {
        self.path = path
        self.limit = max(1, limit)
    }

    var reads: UInt64 { state.withLock { $0.reads } }

    func query(_ sql: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow] {
        let (place, reader) = try take()
        defer { give(place) }
        return try await reader.query(sql, values)
    }

    func close() async {
        let readers = state.withLock { state in
            state.isClosed = true
            return state.readers
        }
        for reader in readers { await reader.close() }
    }

    private func take() throws(StoreError) -> (Int, SQLiteReader) {
        try state.withLock { (state) throws(StoreError) in
            guard !state.isClosed else { throw SQLiteDatabase.closed }
            var place = state.load.indices.min { state.load[$0] < state.load[$1] } ?? 0
            if state.readers.count < limit && (state.readers.isEmpty || state.load[place] > 0) {
                place = state.readers.count
                state.readers.append(SQLiteReader(path: path, place: place))
                state.load.append(0)
            }
            guard state.load[place] < Self.waitingLimit else {
                throw StoreError(.unavailable, "too many reads wait for the database: its disk is too slow")
            }
            state.load[place] += 1
            return (place, state.readers[place])
        }
    }

    private func give(_ place: Int) {
        state.withLock { state in
            state.load[place] -= 1
            state.reads += 1
        }
    }
}

/// One connection that reads, opened at its first query.
actor SQLiteReader {
    private let executor: QueueExecutor
    private let path: String
    private let looks: Bool
    private var connection: SQLiteConnection?
    private var isClosed = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter looks: the only connection, which leaves no file of SQLite's behind when it closes.
    init(path: String, place: Int, looks: Bool = false) {
        self.path = path
        self.looks = looks
        executor = QueueExecutor(label: "ldapauthd.sqlite.reader.\(place)")
    }

    func query(_ sql: String, _ values: [SQLValue]) throws(StoreError) -> [SQLRow] {
        guard !isClosed else { throw SQLiteDatabase.closed }
        if let connection { return try connection.query(sql, values) }
        let opened = try SQLiteConnection(path: path, readOnly: !looks, looks: looks)
        connection = opened
        return try opened.query(sql, values)
    }

    /// Copies everything into the empty file `target` (sqlite.org/lang_vacuum.html#vacuuminto).
    func copy(to target: String) throws(StoreError) {
        _ = try query("VACUUM INTO $1", [.text(target)])
    }

    func close() {
        isClosed = true
        connection?.close()
        connection = nil
    }
}
