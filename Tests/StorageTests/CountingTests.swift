import Authentication
import Testing
import Tokens

@testable import Storage

/// How many sessions are open, and how what is read and written is counted.
@Suite("Counting") struct CountingTests {
    @Test("Open sessions are counted piece by piece", arguments: Backend.allCases)
    func openSessions(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            #expect(try await store.openSessions(at: now) == 0)
            var opened: [Session] = []
            for index in 0..<20 {
                opened.append(try await store.open(session(person("p\(index % 4)"), hard: .seconds(100 + index))))
            }
            for index in [0, 7, 19] { _ = try await store.end(.session(opened[index].id), now: now) }
            for piece: Int64 in [1, 3, 10, 20, 21, 1000] {
                #expect(try await store.openSessions(at: now, piece: piece) == 17)
            }
            #expect(try await store.openSessions(at: now) == 17)
            // The first five have ended by then, one of them had before.
            #expect(try await store.openSessions(at: now + .seconds(104), piece: 6) == 13)
            #expect(try await store.openSessions(at: now + .seconds(1000)) == 0)
        }
    }

    @Test(
        "What only reads is counted as a read, also where nobody waits for it",
        arguments: [Backend.file, .postgresql]
    )
    func reads(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            _ = try await store.open(session(person("a")))
            let before = store.statistics()
            for database in [store.database, store.database.unhurried, store.database.unlimited, store.database.apart] {
                _ = try await database.query("SELECT COUNT(*) FROM session", [])
            }
            #expect(try await store.openSessions(at: now) == 1)
            let read = store.statistics()
            #expect(read.reads == before.reads + 5)
            #expect(read.writes == before.writes && read.batches == before.batches)
            _ = try await store.database.unhurried.write("UPDATE counter SET value = value", [])
            #expect(store.statistics().writes == read.writes + 1)
            #expect(store.statistics().reads == read.reads)
        }
    }
}
