import Authentication
import FoundationEssentials
import Glibc
import Logging
import Storage
import TestSupport
import Testing
import Tokens

@Suite("Other processes")
struct CrashTests {
    @Test("kill -9 loses no session that was answered")
    func kill() async throws {
        let folder = try TemporaryDirectory("ldapauthd-storage")
        let path = folder.path(of: "test.db")
        let answered = folder.path(of: "answered")
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, answered = answered as String] in
            let store = try await SQLStore.open(.sqlite(path: path), logger: .silent)
            let log = Glibc.open(answered, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<16 {
                    group.addTask {
                        for _ in 0..<200 {
                            let opened = try await store.open(session(person("p\(worker)")))
                            let line = Array("\(opened.id) \(opened.number)\n".utf8)
                            // In the middle of it all, with other writers on their way.
                            if write(log, line, line.count) != line.count || opened.number >= 400 {
                                raise(SIGKILL)
                            }
                        }
                    }
                }
            }
        }
        let lines = try String(contentsOf: URL(filePath: answered), encoding: .utf8).split(separator: "\n")
        #expect(lines.count > 300)
        let store = try await SQLStore.open(.sqlite(path: path), logger: .silent)
        for line in lines {
            let parts = line.split(separator: " ")
            let id = try #require(UUID(uuidString: String(parts[0])))
            #expect(try await store.session(id)?.number == Int32(parts[1]))
            // And it refreshes.
            let rotation = Rotation(session: id, generation: 0, now: now, idleEnd: nil, identity: nil)
            #expect(try await store.rotate(rotation)?.generation == 1)
        }
        await store.close()
    }

    @Test("A command in another process writes beside the daemon, and the daemon hears of it")
    func command() async throws {
        let folder = try TemporaryDirectory("ldapauthd-storage")
        let path = folder.path(of: "test.db")
        let store = try await SQLStore.open(.sqlite(path: path), logger: .silent)
        try await store.insert(account("ann"))
        let ann = try #require(try await store.account(foldedName: "ann"))
        let opened = try await store.open(session(person(ann.stableID, source: 0)))
        let number = try await store.changes(after: 0, now: now).number
        let load = Task {
            while !Task.isCancelled { _ = try await store.open(session(person("other"))) }
        }
        await #expect(processExitsWith: .success) { [path = path as String] in
            let store = try await SQLStore.open(.sqlite(path: path), clock: FixedClock(), logger: .silent)
            let ann = try #require(try await store.account(foldedName: "ann"))
            let isUpdated = try await store.update(id: ann.id) { $0.isDisabled = true } != nil
            try await store.setNotBefore(.client("web"), seconds: 9)
            await store.close()
            #expect(isUpdated)
        }
        load.cancel()
        _ = await load.result
        let changes = try await store.changes(after: number, now: now)
        #expect(changes.endedSessions.map(\.id) == [opened.id])
        #expect(changes.notBefore.map(\.scope) == [.client("web")])
        #expect(try await store.account(id: ann.id)?.isDisabled == true)
        await store.close()
    }
}
