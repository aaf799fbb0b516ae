import Authentication
import Foundation
import Logging
import Synchronization
import Testing

@testable import Tokens

/// The master key changes under processes that run.
@Suite struct MasterKeyRotationTests {
    /// The file of one machine, in memory.
    private final class Place: MasterKeySource {
        private let keys: Mutex<[MasterKey]>

        init(_ keys: [MasterKey] = []) { self.keys = Mutex(keys) }

        func put(_ key: MasterKey) { keys.withLock { $0.append(key) } }

        func masterKey(check: [UInt8]) -> MasterKey? {
            keys.withLock { $0.first { $0.checkValue == check } }
        }
    }

    private let clock = TestClock()
    private let store = MemoryStore()
    private let old = MasterKey.random()
    private let new = MasterKey.random()

    private func ring(
        _ masterKey: MasterKey,
        _ place: Place?,
        rotation: Duration = .seconds(30 * 86_400)
    ) async throws -> KeyRing {
        try await KeyRing.open(
            store: store,
            masterKey: masterKey,
            masterKeys: place,
            policy: KeyPolicy(settings: TokenSettings(keyRotation: rotation), clients: []),
            pool: InlinePool(),
            clock: clock
        )
    }

    private func feed(_ ring: KeyRing) -> ChangeFeed {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return ChangeFeed(store: store, revocations: Revocations(), keys: ring, clock: clock, logger: logger)
    }

    @Test("All keys are wrapped anew and none changes; only the new master key opens the store")
    func rewraps() async throws {
        let ring = try await ring(old, nil)
        try await ring.rotate()
        let before = try await store.keys()
        let token = ring.refreshToken(session: UUID(), generation: 3, issuedAt: clock.now())
        try await ring.rotateMasterKey(to: new)
        let after = try await store.keys()
        #expect(after.map(\.id) == before.map(\.id))
        #expect(after.map(\.phase) == before.map(\.phase))
        #expect(Set(after.map(\.wrapped)).isDisjoint(with: Set(before.map(\.wrapped))))
        await #expect(throws: KeyError(.masterKey, "")) { _ = try await self.ring(old, nil) }
        let reopened = try await self.ring(new, nil)
        #expect(reopened.document == ring.document)
        #expect(reopened.readRefreshToken(token)?.generation == 3)
        #expect(ring.masterKeyCheck == new.checkValue)
        // And it goes on with the new one.
        try await ring.rotate()
        _ = try await self.ring(new, nil)
    }

    @Test("A running process that finds the new key goes on and rotates by it")
    func runningFollows() async throws {
        let place = Place([old])
        let running = try await ring(old, place)
        let feed = feed(running)
        await feed.poll()
        let command = try await ring(old, nil)
        place.put(new)
        try await command.rotateMasterKey(to: new)
        #expect(await feed.poll())
        #expect(feed.failure == nil)
        #expect(running.masterKeyCheck == new.checkValue)
        try await running.rotate()
        _ = try await ring(new, nil)
    }

    @Test("It rotates by the new key even before it has heard of it")
    func rotatesBeforeHearing() async throws {
        let place = Place([old, new])
        let running = try await ring(old, place)
        try await ring(old, nil).rotateMasterKey(to: new)
        clock.advance(.seconds(31 * 86_400))
        #expect(try await running.rotateIfDue())
        _ = try await ring(new, nil)
    }

    @Test("A running process that cannot find the new key goes on with its keys, spoils nothing, and finds it later")
    func runningWaits() async throws {
        let place = Place([old])
        let running = try await ring(old, place)
        let feed = feed(running)
        await feed.poll()
        let document = running.document
        try await ring(old, nil).rotateMasterKey(to: new)
        #expect(await feed.poll())
        #expect(feed.failure == nil, "still ready: its keys are the store's")
        #expect(running.document == document)
        _ = try running.sign([])
        await #expect(throws: KeyError(.masterKey, "")) { try await running.rotate() }
        _ = try await ring(new, nil)
        // A further key is one it cannot read, and then it must say so.
        try await ring(new, nil).rotate()
        #expect(await !feed.poll())
        #expect(feed.failure?.contains("master_key_file") == true)
        _ = try running.sign([])
        place.put(new)
        #expect(await feed.poll())
        #expect(feed.failure == nil)
        #expect(try await running.document == ring(new, nil).document)
    }

    @Test("Started with the old file while the new one lies beside it")
    func interrupted() async throws {
        try await ring(old, nil).rotateMasterKey(to: new)
        let ring = try await ring(old, Place([old, new]))
        #expect(ring.masterKeyCheck == new.checkValue)
    }

    @Test("Of two rotations at once one holds, and the store opens")
    func race() async throws {
        let first = try await ring(old, nil)
        let second = try await ring(old, nil)
        try await first.rotateMasterKey(to: new)
        await #expect(throws: KeyError(.masterKey, "")) { try await second.rotateMasterKey(to: .random()) }
        _ = try await ring(new, nil)
    }

    // MARK: The files

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test("The successor lies beside with the same mode, is found again, and takes the place; the old one is kept")
    func files() throws {
        try withFolder { folder in
            let path = folder + "/master.key"
            let present = try MasterKey.load(path: path)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            let successor = try MasterKey.prepareSuccessor(of: path)
            #expect(successor.checkValue != present.checkValue)
            #expect(try MasterKey.prepareSuccessor(of: path).checkValue == successor.checkValue, "given again")
            let files = MasterKeyFiles(["/nonexistent/master.key", path])
            #expect(files.masterKey(check: successor.checkValue) != nil)
            #expect(files.masterKey(check: present.checkValue) != nil)
            #expect(files.masterKey(check: [1]) == nil)
            try MasterKey.installSuccessor(of: path, keepingOldAs: folder + "/old")
            #expect(try MasterKey.load(path: path).checkValue == successor.checkValue)
            #expect(try MasterKey.load(path: folder + "/old").checkValue == present.checkValue)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["master.key", "old"])
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o640)
        }
    }

    @Test("Nothing to follow, and a successor that is none")
    func wrongFiles() throws {
        try withFolder { folder in
            let path = folder + "/master.key"
            #expect(throws: KeyError(.masterKey, "")) { try MasterKey.prepareSuccessor(of: path) }
            _ = try MasterKey.load(path: path)
            try FileManager.default.copyItem(atPath: path, toPath: path + ".next")
            #expect {
                try MasterKey.prepareSuccessor(of: path)
            } throws: { error in
                "\(error)".contains("holds the present master key")
            }
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path + ".next"))
            #expect(throws: KeyError(.masterKey, "")) { try MasterKey.prepareSuccessor(of: path) }
            try FileManager.default.removeItem(atPath: path + ".next")
            #expect(throws: KeyError(.masterKey, "")) {
                try MasterKey.installSuccessor(of: path, keepingOldAs: folder + "/old")
            }
            _ = try MasterKey.load(path: path)
        }
    }
}
