import Authentication
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Storage

@Suite("The write-ahead log")
struct LogKeeperTests {
    private let folder: TemporaryDirectory
    private var path: String { folder.path(of: "test.db") }

    init() throws {
        folder = try TemporaryDirectory("ldapauthd-storage")
    }

    private var logSize: Int {
        var status = stat()
        return stat("\(path)-wal", &status) == 0 ? Int(status.st_size) : 0
    }

    @Test("The log begins anew while writers follow each other without a gap, and nothing is lost")
    func bounded() async throws {
        let store = try await SQLStore.open(.sqlite(path: path), logger: .silent)
        let database = store.database
        // 25 pages each, 20 000 in all: five times what the log may hold before it is copied.
        let value = [UInt8](repeating: 7, count: 100_000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for round in 0..<100 {
                        _ = try await database.write(
                            "INSERT INTO setting (name, value) VALUES ($1, $2)",
                            [.text("row\(writer)-\(round)"), .bytes(value)]
                        )
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(logSize > 0)
        #expect(logSize < 60_000_000)
        await store.close()
        #expect(logSize == 0)
        let again = try await SQLStore.open(.sqlite(path: path), logger: .silent)
        let rows = try await again.database.query(
            "SELECT COUNT(*), SUM(LENGTH(value)) FROM setting WHERE name LIKE 'row%'",
            []
        )
        #expect(rows == [SQLRow([.integer(800 as Int64), .integer(80_000_000 as Int64)])])
        await again.close()
    }

    @Test(
        "The bulk is copied beside the writer once the log is long, what is left by the writer; then not before it grows"
    )
    func turns() async throws {
        let store = try await SQLStore.open(.sqlite(path: path), logger: .silent)
        let keeper = LogKeeper(path: path)
        for _ in 0..<3 { #expect(!keeper.committed(pages: LogKeeper.limit - 1)) }
        #expect(!keeper.committed(pages: LogKeeper.limit))
        #expect(await eventually { keeper.committed(pages: LogKeeper.limit + 500) })
        // A reader kept the log as it is.
        for _ in 0..<3 { #expect(!keeper.committed(pages: LogKeeper.limit + 600)) }
        #expect(keeper.isResting)
        #expect(!keeper.committed(pages: LogKeeper.limit + 500 + LogKeeper.step))
        #expect(!keeper.isResting)
        #expect(await eventually { keeper.committed(pages: LogKeeper.limit + 500 + LogKeeper.step) })
        // It has begun anew: the limit holds again.
        #expect(!keeper.committed(pages: 12))
        #expect(!keeper.committed(pages: LogKeeper.limit))
        #expect(!keeper.isResting)
        await keeper.close()
        #expect(!keeper.committed(pages: 2 * LogKeeper.limit))
        await store.close()
    }
}
