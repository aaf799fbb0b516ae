import Authentication
import FoundationEssentials
import Synchronization
import Testing
import Tokens

@testable import Storage

@Suite("From SQLite to PostgreSQL")
struct StoreTransferTests {
    /// A store with something in every table.
    private func fill(_ store: SQLStore) async throws -> [Session] {
        var sessions: [Session] = []
        for index in 0..<450 {
            sessions.append(
                try await store.open(session(person("p\(index % 90)", mapped: index % 90 == 7 ? 7000 : nil)))
            )
        }
        _ = try await store.end(.session(sessions[3].id), now: now)
        _ = try await store.end(.identity(person("p5").key), now: now)
        try await store.setNotBefore(.client("web"), seconds: 77)
        var lisa = account("Lisa")
        lisa.passwordHash = nil
        try await store.insert(lisa)
        try await store.insert(account("Ünal"))
        _ = try await store.masterKeyCheck(orStore: [1, 2, 3])
        let key = StoredKey(
            id: "k1",
            use: .sign,
            algorithm: "ES256",
            phase: .current,
            wrapped: [0, 255, 7],
            createdAt: now,
            activatedAt: nil,
            retireAt: nil
        )
        _ = try await store.replaceKeys(expected: [], with: [key], removed: [], masterKey: [1, 2, 3])
        let throttleKeys = (0..<3).compactMap { ThrottleKey([UInt8](repeating: $0, count: 16)) }
        #expect(throttleKeys.count == 3)
        _ = try await store.updateThrottle(throttleKeys, { _, count in count.waits = 2 }, end: { _, _ in now })
        try await store.keep([KnownAddress(name: throttleKeys[0], person: throttleKeys[1], at: now)])
        try await store.keep(
            OfflineEntry(name: "alice", identity: person("a"), hash: "$argon2id$x", expiresAt: now + .seconds(60))
        )
        return sessions
    }

    private func withStores(_ body: (SQLStore, SQLStore) async throws -> Void) async throws {
        try await Backend.file.withStore { source in
            try await Backend.postgresql.withStore { target in try await body(source, target) }
        }
    }

    private func isEmpty(_ store: SQLStore) async throws -> Bool {
        for table in ["identity", "session", "account", "setting", "token_key", "offline_entry"] {
            if try await !store.database.query("SELECT 1 FROM \(table) LIMIT 1", []).isEmpty { return false }
        }
        return true
    }

    @Test("Everything arrives, and numbers go on where they were")
    func everything() async throws {
        try await withStores { source, target in
            let sessions = try await fill(source)
            let told = Mutex<[Int]>([])
            let report = try await StoreTransfer(from: source, to: target).run { done, total in
                told.withLock { $0.append(done * 100 / total) }
            }
            #expect(report.rows["session"] == 450 && report.rows["identity"] == 90 && report.rows["account"] == 2)
            #expect(report.rows.values.allSatisfy { $0 > 0 }, "a table without a row proves nothing: \(report.rows)")
            #expect(told.withLock { $0.last == 100 && $0 == $0.sorted() })
            for one in [sessions[0], sessions[3], sessions[449]] {
                #expect(try await target.session(one.id) == source.session(one.id))
            }
            #expect(try await target.account(foldedName: "lisa") == source.account(foldedName: "lisa"))
            #expect(try await target.keys() == source.keys())
            #expect(try await target.masterKeyCheck(orStore: [9]) == [1, 2, 3])
            let (before, after) = (
                try await source.changes(after: 0, now: now), try await target.changes(after: 0, now: now)
            )
            #expect(before.number == after.number)
            #expect(before.endedSessions.map(\.id) == after.endedSessions.map(\.id))
            #expect(after.notBefore.map(\.seconds) == [77])
            // What comes next.
            #expect(try await target.open(session(person("p1"))).number == 451)
            let (old, new) = (
                try await source.open(session(person("new"))).userID,
                try await target.open(session(person("new"))).userID
            )
            #expect(old == new)
            #expect(try await target.offlineEntry(SourceID(1), name: "alice")?.hash == "$argon2id$x")
            #expect(try await target.throttleRecords(after: Timestamp(milliseconds: 0), limit: 10).known.count == 1)
            // A second time finds it in use.
            let error = await failure { _ = try await StoreTransfer(from: source, to: target).run { _, _ in } }
            #expect(error?.code == .unusable)
            #expect(error?.detail.contains("in use already") == true)
        }
    }

    @Test("Numbers of sessions that are used up there are used up here, and go on at the lowest free one")
    func usedUp() async throws {
        try await withStores { source, target in
            for _ in 0..<3 { _ = try await source.open(session(person("a"))) }
            _ = try await source.database.write("UPDATE counter SET value = 2147483647 WHERE name = 'session'", [])
            #expect(try await source.open(session(person("a"))).number == 4)
            _ = try await StoreTransfer(from: source, to: target).run { _, _ in }
            #expect(try await target.open(session(person("a"))).number == 5)
        }
    }

    @Test("A row that arrives otherwise is found, and nothing remains")
    func difference() async throws {
        try await withStores { source, target in
            _ = try await fill(source)
            _ = try await target.database.write(
                """
                CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN IF NEW.folded_name = 'lisa' THEN NEW.name := 'LISA'; END IF; RETURN NEW; END$$
                """,
                []
            )
            _ = try await target.database.write(
                "CREATE TRIGGER meddle BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION meddle()",
                []
            )
            let error = await failure { _ = try await StoreTransfer(from: source, to: target).run { _, _ in } }
            #expect(error?.detail.contains("a row of account did not arrive") == true, "\(error?.detail ?? "no error")")
            #expect(try await isEmpty(target))
        }
    }

    @Test("A command that writes meanwhile is noticed, and nothing remains")
    func change() async throws {
        try await withStores { source, target in
            _ = try await fill(source)
            let path = try await source.database.query("PRAGMA database_list", [])[0].text(2)
            let hasWritten = Atomic(false)
            let error = await failure {
                _ = try await StoreTransfer(from: source, to: target).run { done, total in
                    guard done < total / 2 else { return }
                    // While it goes on: some of the rows are through already.
                    guard !hasWritten.exchange(true, ordering: .relaxed) else { return }
                    #expect(throws: Never.self) {
                        let command = try SQLiteConnection(path: path, readOnly: false)
                        try command.query("DELETE FROM person_change")
                        command.close()
                    }
                }
            }
            #expect(error?.code == .unusable, "\(error?.detail ?? "no error")")
            #expect(try await isEmpty(target))
        }
    }

    @Test("Only from SQLite, only into PostgreSQL")
    func kinds() async throws {
        try await withStores { source, target in
            #expect(throws: StoreError(.unusable, "")) { _ = try StoreTransfer(from: target, to: source) }
            #expect(throws: StoreError(.unusable, "")) { _ = try StoreTransfer(from: source, to: source) }
        }
    }

    private func failure(_ work: () async throws -> Void) async -> StoreError? {
        do {
            try await work()
            return nil
        } catch {
            return error as? StoreError
        }
    }
}
