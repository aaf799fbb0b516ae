import Authentication
import FoundationEssentials
import Logging
import Testing

@testable import Tokens

@Suite struct KeyRingTests {
    private let rig = KeyRig()
    private var clock: TestClock { rig.clock }
    private var store: MemoryStore { rig.store }

    @Test("The first start makes a current and a next key, the second start the same ones")
    func firstStart() async throws {
        let ring = try await rig.open(rig.policy())
        #expect(try await rig.phases(.sign) == ["ES256 current", "ES256 next"])
        #expect(try await rig.phases(.refresh) == ["HS256 current"])
        let writes = await store.writes
        let again = try await rig.open(rig.policy())
        #expect(again.document == ring.document)
        #expect(await store.writes == writes + 1, "only the check of the master key")
        #expect(try await store.keys().allSatisfy { $0.wrapped.count > 32 })
    }

    @Test("Another master key is refused with a sentence")
    func otherMasterKey() async throws {
        _ = try await rig.open(rig.policy())
        await #expect {
            _ = try await rig.open(rig.policy(), .random())
        } throws: { error in
            guard let error = error as? KeyError else { return false }
            return error.code == .masterKey && error.description.contains("another one than this store was made with")
        }
    }

    @Test("A damaged key is named, not ignored")
    func damaged() async throws {
        _ = try await rig.open(rig.policy())
        await store.damageKey()
        await #expect(throws: KeyError(.unreadable, "")) { _ = try await rig.open(rig.policy()) }
    }

    @Test("Rotation: next becomes current, the old key stays until its last token has expired")
    func rotation() async throws {
        let ring = try await rig.open(rig.policy())
        let old = try ring.sign(Array("{}".utf8))
        let oldRefresh = ring.refreshToken(session: .init(), generation: 0, issuedAt: clock.now())
        let next = try #require(try await store.keys().first { $0.phase == .next }).id
        #expect(try await !ring.rotateIfDue())
        clock.advance(.seconds(30 * 86_400 - 1))
        #expect(try await !ring.rotateIfDue())
        clock.advance(.seconds(1))
        #expect(try await ring.rotateIfDue())
        #expect(try await store.keys().first { $0.phase == .current && $0.use == .sign }?.id == next)
        #expect(try await rig.phases(.sign) == ["ES256 current", "ES256 next", "ES256 retired"])
        #expect(ring.snapshot.verifying[String(old.prefix { $0 != "." })] != nil)
        #expect(ring.readRefreshToken(oldRefresh) != nil)
        // The longest access token lives 20 hours, the longest session 48.
        clock.advance(.seconds(20 * 3600))
        #expect(try await !ring.rotateIfDue())
        clock.advance(.seconds(301))
        #expect(try await ring.rotateIfDue())
        #expect(ring.snapshot.verifying[String(old.prefix { $0 != "." })] == nil)
        #expect(ring.readRefreshToken(oldRefresh) != nil)
        clock.advance(.seconds(28 * 3600 + 86_400))
        #expect(try await ring.rotateIfDue())
        #expect(ring.readRefreshToken(oldRefresh) == nil)
    }

    @Test("key rotate promotes the published next key at once")
    func command() async throws {
        let ring = try await rig.open(rig.policy())
        let next = try #require(try await store.keys().first { $0.phase == .next }).id
        try await ring.rotate()
        #expect(ring.storedKeys.first { $0.phase == .current && $0.use == .sign }?.id == next)
    }

    @Test("A reading that is overtaken by a later one is dropped")
    func lateReading() async throws {
        let ring = try await rig.open(rig.policy())
        await store.holdReading()
        let late = Task { try await ring.reload() }
        while await !store.isReadingHeld { try await Task.sleep(for: .milliseconds(1)) }
        try await ring.rotate()
        let rotated = ring.document
        await store.release()
        #expect(try await late.value == .done)
        #expect(ring.document == rotated)
        #expect(ring.storedKeys == (try await store.keys()))
    }

    @Test("The rotation's own loop rotates when it is due, outlives a store that fails, and ends when cancelled")
    func loop() async throws {
        let ring = try await rig.open(rig.policy(rotation: .seconds(1)))
        let before = ring.document
        clock.advance(.seconds(2))
        await store.fail(with: StoreError(.unavailable, "no route"))
        let rotation = KeyRotation(keys: ring, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let task = Task { await rotation.run() }
        try await Task.sleep(for: .milliseconds(50))
        #expect(ring.document == before)
        await store.fail(with: nil)
        while ring.document == before { try await Task.sleep(for: .milliseconds(10)) }
        task.cancel()
        await task.value
    }

    @Test("A clock set back rotates nothing")
    func clockBack() async throws {
        let ring = try await rig.open(rig.policy())
        clock.advance(.seconds(-90 * 86_400))
        #expect(try await !ring.rotateIfDue())
        #expect(try await rig.open(rig.policy()).document == ring.document)
    }

    @Test(
        "Another algorithm's key is published before it signs, and nobody is logged out",
        arguments: [(SigningAlgorithm.rs256, false), (.eddsa, true)]
    )
    func algorithmChange(algorithm: SigningAlgorithm, isRestarted: Bool) async throws {
        let ring = try await rig.open(rig.policy())
        let old = try ring.sign(Array("{}".utf8))
        try await ring.apply(rig.policy(algorithm))
        let name = algorithm.rawValue
        #expect(try await rig.phases(.sign) == ["ES256 current", "\(name) next"].sorted())
        let next = try #require(try await store.keys().first { $0.phase == .next }).id
        #expect(String(decoding: ring.document, as: UTF8.self).contains(next))
        // Verifiers may keep the old set for max-age, so until then nothing is signed that they cannot verify.
        clock.advance(.seconds(300))
        #expect(try await !ring.rotateIfDue())
        try await ring.apply(rig.policy(algorithm))
        #expect(try ring.sign(Array("{}".utf8)).prefix { $0 != "." } == old.prefix { $0 != "." })
        let early = KeyPlan(keys: try await store.keys(), policy: rig.policy(), now: clock.now(), trigger: .schedule)
        #expect(early.isEmpty, "a node that has not been reloaded yet leaves it alone")
        clock.advance(.seconds(60))
        if isRestarted {
            try await ring.apply(rig.policy(algorithm))
        } else {
            #expect(try await ring.rotateIfDue())
        }
        #expect(try await store.keys().first { $0.phase == .current && $0.use == .sign }?.id == next)
        #expect(try await rig.phases(.sign) == ["ES256 retired", "\(name) current", "\(name) next"].sorted())
        #expect(ring.snapshot.verifying[String(old.prefix { $0 != "." })] != nil)
        let new = try ring.sign(Array("{}".utf8))
        #expect(ring.snapshot.verifying[String(new.prefix { $0 != "." })]?.algorithm == algorithm)
        // A node that has not been reloaded yet does not change it back.
        #expect(try await !ring.rotateIfDue())
        let slow = KeyPlan(keys: try await store.keys(), policy: rig.policy(), now: clock.now(), trigger: .schedule)
        #expect(slow.isEmpty)
    }

    @Test("An algorithm that is taken back before it signed leaves the current key as it is")
    func algorithmTakenBack() async throws {
        let ring = try await rig.open(rig.policy())
        let current = try #require(try await store.keys().first { $0.phase == .current && $0.use == .sign })
        try await ring.apply(rig.policy(.eddsa))
        clock.advance(.seconds(3600))
        try await ring.apply(rig.policy())
        #expect(try await rig.phases(.sign) == ["ES256 current", "ES256 next"])
        #expect(try await store.keys().contains(current))
        try await ring.apply(rig.policy(.eddsa))
        // By hand at once, as ever.
        try await ring.rotate()
        #expect(try await rig.phases(.sign) == ["ES256 retired", "EdDSA current", "EdDSA next"])
    }

    @Test("A next key that is missing or of another algorithm is replaced without touching the current one")
    func nextKey() async throws {
        _ = try await rig.open(rig.policy())
        let current = try await store.keys().filter { $0.phase == .current }
        let ours = KeyPlan(keys: current, policy: rig.policy(), now: clock.now(), trigger: .schedule)
        #expect(ours.orders == [KeyPlan.Order(use: .sign, phase: .next)])
        #expect(ours.changed.isEmpty)
        var foreign = try #require(try await store.keys().first { $0.phase == .next })
        foreign.algorithm = "RS256"
        let keys = current + [foreign]
        let reloaded = KeyPlan(keys: keys, policy: rig.policy(), now: clock.now(), trigger: .configuration)
        #expect(reloaded.removed == [foreign.id])
        #expect(reloaded.orders == [KeyPlan.Order(use: .sign, phase: .next)])
        #expect(reloaded.changed.isEmpty)
    }

    @Test("Processes that start or rotate at once agree")
    func agreement() async throws {
        let rings = try await withThrowingTaskGroup(of: KeyRing.self) { group in
            for _ in 0..<8 { group.addTask { try await rig.open(rig.policy()) } }
            return try await group.reduce(into: [KeyRing]()) { $0.append($1) }
        }
        #expect(Set(rings.map(\.document)).count == 1)
        clock.advance(.seconds(31 * 86_400))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for ring in rings { group.addTask { try await ring.rotateIfDue() } }
            try await group.waitForAll()
        }
        #expect(try await rig.phases(.sign) == ["ES256 current", "ES256 next", "ES256 retired"])
        #expect(Set(rings.map(\.document)).count == 1)
    }

    @Test("A lost swap is tried again, but not for ever")
    func lostSwaps() async throws {
        await store.loseSwaps(3)
        _ = try await rig.open(rig.policy())
        clock.advance(.seconds(31 * 86_400))
        await store.loseSwaps(1000)
        let ring = try await rig.open(rig.policy(rotation: .seconds(90 * 86_400)))
        await #expect(throws: KeyError(.busy, "")) { try await ring.rotate() }
    }

    @Test("A full pool is said to be one")
    func fullPool() async throws {
        await #expect(throws: KeyError(.busy, "")) {
            _ = try await KeyRing.open(
                store: store,
                masterKey: rig.masterKey,
                policy: rig.policy(),
                pool: InlinePool(isFull: true),
                clock: clock
            )
        }
    }

    @Test("The document has current, next, retired, in this order, and no secret")
    func document() async throws {
        let ring = try await rig.open(rig.policy())
        try await ring.rotate()
        let text = String(decoding: ring.document, as: UTF8.self)
        let keys = try await store.keys().filter { $0.use == .sign }
        let positions = try [StoredKey.Phase.current, .next, .retired].map { phase in
            let id = try #require(keys.first { $0.phase == phase }).id
            return try #require(text.ranges(of: id).first).lowerBound
        }
        #expect(positions == positions.sorted())
        #expect(text.hasPrefix(#"{"keys":[{"crv":"P-256","kty":"EC","x":""#))
        #expect(!text.contains(#""d":"#))
        #expect(!text.contains("HS256"))
    }
}
