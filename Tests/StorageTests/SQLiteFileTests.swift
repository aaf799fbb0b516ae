import Authentication
import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Tokens

@testable import Storage

@Suite("SQLite files")
struct SQLiteFileTests {
    private let folder: TemporaryDirectory
    private var path: String { folder.path(of: "test.db") }

    init() throws {
        folder = try TemporaryDirectory("ldapauthd-storage")
    }

    private func open() async throws(StoreError) -> SQLStore {
        try await SQLStore.open(.sqlite(path: path), clock: FixedClock(), logger: .silent)
    }

    private func failure(_ url: StorageURL) async -> StoreError? {
        do {
            let store = try await SQLStore.open(url, logger: .silent)
            await store.close()
            return nil
        } catch {
            return error
        }
    }

    @Test("Only who serves empties the write-ahead log before the last one closes", arguments: [false, true])
    func log(_ serving: Bool) async throws {
        let store = try await SQLStore.open(.sqlite(path: path), serving: serving, clock: FixedClock(), logger: .silent)
        // 25 pages each; SQLite's limit is a thousand.
        for row in 0..<200 {
            _ = try await store.database.write(
                "INSERT INTO setting (name, value) VALUES ($1, $2)",
                [.text("row\(row)"), .bytes([UInt8](repeating: 7, count: 100_000))]
            )
        }
        func size(_ name: String) throws -> Int {
            try #require(FileManager.default.attributesOfItem(atPath: folder.path(of: name))[.size] as? Int)
        }
        let (log, database) = (try size("test.db-wal"), try size("test.db"))
        #expect(serving ? log < 8_000_000 : log > 20_000_000, "\(log)")
        #expect(serving ? database > 15_000_000 : database < 1_000_000, "\(database)")
        await store.close()
        #expect(folder.mode(of: "test.db-wal") == nil)
        #expect(try size("test.db") > 20_000_000)
    }

    @Test("The file and its companions are for the owner alone, also one that was not")
    func mode() async throws {
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        #expect(chmod(path, 0o644) == 0)
        let store = try await open()
        let opened = try await store.open(session(person("a")))
        _ = try await store.session(opened.id)
        for name in ["test.db", "test.db-wal", "test.db-shm"] { #expect(folder.mode(of: name) == 0o600) }
        await store.close()
        // Closed cleanly, all is in the one file.
        #expect(folder.mode(of: "test.db") == 0o600)
        #expect(folder.mode(of: "test.db-wal") == nil)
    }

    @Test("All is there after closing and opening again")
    func reopen() async throws {
        let store = try await open()
        let opened = try await store.open(session(person("a")))
        try await store.insert(account("ann"))
        await store.close()
        let again = try await open()
        #expect(try await again.session(opened.id) == opened)
        #expect(try await again.accounts().count == 1)
        #expect(try await again.open(session(person("b"))).number == 2)
        await again.close()
    }

    @Test("Changes to one account by two processes' stores at once are both kept")
    func twoWriters() async throws {
        let stores = [try await open(), try await open()]
        var ann = account("ann")
        ann.groups = []
        try await stores[0].insert(ann)
        let id = ann.id
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, store) in stores.enumerated() {
                group.addTask {
                    for number in 10..<30 {
                        _ = try await store.update(id: id) { $0.groups.append("\(index)-\(number)") }
                    }
                }
            }
            try await group.waitForAll()
        }
        let groups = try await stores[0].account(id: id)?.groups.sorted()
        #expect(groups == (0..<2).flatMap { index in (10..<30).map { "\(index)-\($0)" } })
        for store in stores { await store.close() }
    }

    @Test("The disk is asked at every commit")
    func synchronous() async throws {
        let store = try await open()
        let values = try await store.database.transaction { (sql) async throws(StoreError) in
            var values: [SQLValue] = []
            for name in ["synchronous", "journal_mode", "foreign_keys"] {
                values += try await sql.query("PRAGMA \(name)", []).flatMap(\.values)
            }
            return values
        }
        #expect(values == [.integer(2 as Int64), .text("wal"), .integer(1 as Int64)])
        await store.close()
    }

    @Test("A newer schema is refused with a sentence, and left alone")
    func newerSchema() async throws {
        let store = try await open()
        try await store.database.transaction { (sql) async throws(StoreError) in
            _ = try await sql.query("UPDATE schema_version SET version = 1000", [])
        }
        await store.close()
        let error = await failure(.sqlite(path: path))
        #expect(error?.code == .unusable)
        #expect(
            error?.detail
                == "The database \(path) has schema 1000, this program knows up to \(Migrations.sqlite.known): install the newer ldapauthd or "
                + "restore a backup"
        )
    }

    @Test("A file that is no database, another program's, a folder, a missing folder: each has its sentence")
    func refusals() async throws {
        try Data("something else than a database".utf8).write(to: URL(filePath: folder.path(of: "text")))
        let foreign = try SQLiteConnection(path: folder.path(of: "foreign"), readOnly: false)
        try foreign.query("CREATE TABLE theirs (id INTEGER)")
        foreign.close()
        let cases = [
            (folder.path(of: "text"), "is no SQLite database"), (folder.path(of: "foreign"), "another program"),
            (folder.path, "cannot be opened"), (folder.path(of: "missing/test.db"), "does not exist"),
            (folder.path(of: "text/test.db"), "no folder"), ("/dev/null", "no regular file"),
        ]
        for (path, sentence) in cases {
            let error = await failure(.sqlite(path: path))
            #expect(error?.code == .unusable, "\(path)")
            #expect(error?.detail.contains(sentence) == true, "\(path): \(error?.detail ?? "opened")")
        }
        #expect(try Data(contentsOf: URL(filePath: folder.path(of: "text"))).count == 30)
    }

    @Test("Removed or replaced while it is open: no login is answered as if it were kept")
    func replaced() async throws {
        let store = try await open()
        _ = try await store.open(session(person("a")))
        let moved = folder.path(of: "moved.db")
        #expect(rename(path, moved) == 0)
        await #expect(throws: StoreError(.unavailable, "")) { _ = try await store.open(session(person("b"))) }
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        await #expect(throws: StoreError(.unavailable, "")) { _ = try await store.open(session(person("b"))) }
        #expect(rename(moved, path) == 0)
        #expect(try await store.open(session(person("b"))).number == 2)
        await store.close()
    }

    @Test("A damaged file is refused, not crashed on")
    func damaged() async throws {
        let store = try await open()
        for index in 0..<50 { _ = try await store.open(session(person("p\(index)"))) }
        await store.close()
        let file = Glibc.open(path, O_WRONLY)
        let noise = [UInt8](repeating: 0xA5, count: 8192)
        #expect(pwrite(file, noise, noise.count, 200) == noise.count)
        Glibc.close(file)
        #expect(await failure(.sqlite(path: path))?.code == .unusable)
    }

    @Test("Many that start at once on a new file all come up")
    func startTogether() async throws {
        let stores = try await withThrowingTaskGroup(of: SQLStore.self) { group in
            for _ in 0..<6 { group.addTask { try await open() } }
            return try await group.reduce(into: [SQLStore]()) { $0.append($1) }
        }
        var numbers: Set<Int32> = []
        for store in stores { numbers.insert(try await store.open(session(person("a"))).number) }
        #expect(numbers == Set(1...6))
        for store in stores { await store.close() }
    }

    @Test("Two stores on one file: neither loses a login, numbers stay unique, each sees the other's changes")
    func twoStores() async throws {
        let (daemon, command) = (try await open(), try await open())
        let opened = try await withThrowingTaskGroup(of: Session.self) { group in
            for index in 0..<300 {
                group.addTask {
                    try await (index % 2 == 0 ? daemon : command).open(session(person("p\(index % 20)")))
                }
            }
            return try await group.reduce(into: [Session]()) { $0.append($1) }
        }
        #expect(Set(opened.map(\.number)).count == 300)
        #expect(Set(opened.map(\.userID)) == Set(1...20))
        for one in opened { #expect(try await daemon.session(one.id) == one) }
        let number = try await daemon.changes(after: 0, now: now).number
        _ = try await command.end(.identity(opened[0].identity.key), now: now)
        try await command.setNotBefore(.everyone, seconds: 5)
        let changes = try await daemon.changes(after: number, now: now)
        #expect(changes.endedSessions.count == 15)
        #expect(changes.notBefore.map(\.seconds) == [5])
        await command.close()
        await daemon.close()
    }

    @Test("A writer waits for another process that holds the lock")
    func waitForLock() async throws {
        let store = try await open()
        let other = try SQLiteConnection(path: path, readOnly: false)
        try other.query("BEGIN IMMEDIATE")
        async let opened = store.open(session(person("a")))
        try await Task.sleep(for: .milliseconds(300))
        // Readers go on meanwhile.
        #expect(try await store.accounts().isEmpty)
        try other.query("COMMIT")
        #expect(try await opened.number == 1)
        other.close()
        await store.close()
    }

    @Test("A lock that does not end is an outage by the clock, also where sleepers wake up late")
    func endlessLock() async throws {
        let (path, begun) = (path, ContinuousClock.now)
        let code = try await onThread {
            Result {
                // This thread sleeps 20 ms for each millisecond it asks for (proc(5), /proc/pid/timerslack_ns).
                let thread = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
                let slack = Glibc.open("/proc/\(thread.split(separator: "/").last ?? "")/timerslack_ns", O_WRONLY)
                #expect(write(slack, "20000000", 8) == 8)
                Glibc.close(slack)
                let other = try SQLiteConnection(path: path, readOnly: false)
                let waiting = try SQLiteConnection(path: path, readOnly: false)
                try other.query("BEGIN IMMEDIATE")
                defer { for connection in [waiting, other] { connection.close() } }
                do throws(StoreError) {
                    try waiting.query("BEGIN IMMEDIATE")
                    return nil
                } catch {
                    return error.code
                }
            } as Result<StoreError.Code?, any Error>
        }.get()
        let took = ContinuousClock.now - begun
        #expect(code == .unavailable)
        #expect(took >= .seconds(5) && took < .seconds(8) + LostTime.since(begun), "\(took)")
    }

    @Test("A command finds its turn beside a daemon under full load")
    func commandUnderLoad() async throws {
        let (daemon, command) = (try await open(), try await open())
        let load = (0..<16).map { index in
            Task {
                while !Task.isCancelled { _ = try await daemon.open(session(person("p\(index)"))) }
            }
        }
        try await Task.sleep(for: .milliseconds(50))
        LostTime.watch()
        for index in 0..<5 {
            let begun = ContinuousClock.now
            do throws(StoreError) {
                try await command.insert(account("user\(index)"))
            } catch {
                // Five seconds by the clock: while the machine stands still there is no gap.
                #expect(error.code == .unavailable && LostTime.longest(since: begun) > .seconds(1), "\(error)")
                try await command.insert(account("user\(index)"))
            }
        }
        for task in load { task.cancel() }
        for task in load { _ = await task.result }
        #expect(try await daemon.accounts().count == 5)
        await command.close()
        await daemon.close()
    }

    @Test("Nobody queries a database into which nobody writes, and what another process writes is heard at once")
    func quiet() async throws {
        let daemon = try await open()
        let command = try await open()
        _ = try await daemon.open(session(person("a")))
        var number = try await daemon.changes(after: 0, now: now).number
        // For ten seconds after a write it is asked all the same.
        var times = [timespec(), timespec()]
        for index in times.indices { times[index].tv_sec = time(nil) - 20 }
        #expect(utimensat(AT_FDCWD, "\(path)-wal", times, 0) == 0)
        number = try await daemon.changes(after: number, now: now).number
        let reads = daemon.statistics().reads
        for _ in 0..<20 { #expect(try await daemon.changes(after: number, now: now).number == number) }
        #expect(daemon.statistics().reads == reads)
        for round in 0..<5 {
            _ = try await command.setNotBefore(.everyone, seconds: now.seconds + Int64(round))
            let changes = try await daemon.changes(after: number, now: now)
            #expect(changes.number > number && changes.notBefore.count == 1)
            number = changes.number
        }
        #expect(daemon.statistics().reads > reads)
        await command.close()
        await daemon.close()
    }

    @Test("A copy taken while the store is written to is whole, private, and opens")
    func backup() async throws {
        let store = try await open()
        let before = try await store.open(session(person("a")))
        let writing = Task {
            for index in 0..<100 { _ = try await store.open(session(person("p\(index)"))) }
        }
        let copy = folder.path(of: "copy.db")
        try await store.backup(to: copy)
        try await writing.value
        #expect(folder.mode(of: "copy.db") == 0o600)
        await #expect(throws: StoreError(.conflict, "")) { try await store.backup(to: copy) }
        await #expect(throws: StoreError(.unavailable, "")) {
            try await store.backup(to: folder.path(of: "missing/copy.db"))
        }
        await store.close()
        let restored = try await SQLStore.open(.sqlite(path: copy), logger: .silent)
        #expect(try await restored.session(before.id) == before)
        await restored.close()
    }
}
