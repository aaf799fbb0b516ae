import Authentication
import EventPoller
import Glibc
import Synchronization
import TestSupport
import Testing
import Tokens

@testable import Storage

/// Hearing of writes instead of asking for them.
@Suite("Waiting for writes") struct WriteWatchTests {
    private let folder: TemporaryDirectory
    private let poller: EventPoller
    private var path: String { folder.path(of: "test.db") }

    init() throws {
        folder = try TemporaryDirectory("ldapauthd-storage")
        poller = try EventPoller()
    }

    private func open(watching: Bool = true) async throws -> SQLStore {
        try await SQLStore.open(
            .sqlite(path: path),
            poller: watching ? poller : nil,
            clock: FixedClock(),
            logger: .silent
        )
    }

    /// As if the last write were a minute old.
    private func settle() {
        var times = [timespec(tv_sec: time(nil) - 60, tv_nsec: 0), timespec(tv_sec: time(nil) - 60, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, "\(path)-wal", &times, 0) == 0)
    }

    @Test("A write by another process's store ends the wait")
    func hears() async throws {
        let store = try await open()
        let other = try await open(watching: false)
        let opened = try await other.open(session(person("a")))
        settle()
        let before = try await store.changes(after: 0, now: now)
        let begun = ContinuousClock.now
        async let heard = store.awaitWrite(within: .seconds(60))
        try await Task.sleep(for: .milliseconds(100))
        _ = try await other.end(.session(opened.id), now: now)
        #expect(await heard)
        #expect(ContinuousClock.now - begun < .seconds(30))
        #expect(try await store.changes(after: before.number, now: now).endedSessions.map(\.id) == [opened.id])
        // And once more, with the same watch.
        settle()
        let after = try await store.changes(after: before.number, now: now)
        async let again = store.awaitWrite(within: .seconds(60))
        try await Task.sleep(for: .milliseconds(100))
        try await other.setNotBefore(.everyone, seconds: 100)
        #expect(await again)
        #expect(try await store.changes(after: after.number, now: now).notBefore.count == 1)
        await other.close()
        await store.close()
    }

    @Test("A commit is told also when the disk has it long after it was written to the log")
    func lateCommit() async throws {
        let store = try await open()
        let opened = try await store.open(session(person("a")))
        let start = try await store.changes(after: 0, now: now)
        // What stands in the log may not be visible yet: everybody asks again, and nobody waits.
        let reads = store.statistics().reads
        for _ in 0..<3 {
            #expect(await !store.awaitWrite(within: .seconds(60)))
            _ = try await store.changes(after: start.number, now: now)
            try await Task.sleep(for: .milliseconds(60))
        }
        #expect(store.statistics().reads == reads + 3)
        // Long after, no question is needed.
        settle()
        _ = try await store.changes(after: start.number, now: now)
        let settled = store.statistics().reads
        for _ in 0..<3 { _ = try await store.changes(after: start.number, now: now) }
        #expect(store.statistics().reads == settled)
        _ = try await store.end(.session(opened.id), now: now)
        #expect(await !store.awaitWrite(within: .seconds(60)), "written since it was asked")
        #expect(try await store.changes(after: start.number, now: now).endedSessions.count == 1)
        await store.close()
    }

    @Test("The limit, a cancellation, an answer that is there already and the end of the store end it")
    func ends() async throws {
        let store = try await open()
        _ = try await store.open(session(person("a")))
        let watch = try #require(WriteWatch(ofDatabase: path, poller: poller))
        #expect(await watch.wait(within: .milliseconds(50)) { true })
        #expect(await watch.wait(within: .seconds(60)) { false })
        let cancelled = Task { await watch.wait(within: .seconds(60)) { true } }
        try await Task.sleep(for: .milliseconds(50))
        cancelled.cancel()
        #expect(await cancelled.value)
        let closed = Task { await watch.wait(within: .seconds(60)) { true } }
        try await Task.sleep(for: .milliseconds(50))
        await watch.close()
        #expect(await closed.value)
        #expect(await !watch.wait(within: .seconds(60)) { true }, "it hears nothing any more")
        await store.close()
    }

    @Test("Without a log there is nothing to wait for")
    func noLog() async throws {
        let watch = try #require(WriteWatch(ofDatabase: folder.path(of: "none.db"), poller: poller))
        #expect(await !watch.wait(within: .seconds(60)) { true })
        await watch.close()
    }

    @Test("A busy database wakes nobody who does not wait")
    func busy() async throws {
        let store = try await open()
        _ = try await store.open(session(person("a")))
        let watch = try #require(WriteWatch(ofDatabase: path, poller: poller))
        #expect(await watch.wait(within: .milliseconds(20)) { true })
        let before = poller.turns
        for number in 0..<50 { _ = try await store.open(session(person("p\(number)"))) }
        // One event for the watch that is still set, and the turns of setting it.
        #expect(poller.turns - before < 10)
        await watch.close()
        await store.close()
    }
}
