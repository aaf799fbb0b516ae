import Authentication
import FoundationEssentials
import Logging
import Testing

@testable import Tokens

@Suite struct ChangeFeedTests {
    @Test("Nothing is loaded before the store has answered once; a failure is visible and passes")
    func loading() async throws {
        let world = try await World()
        #expect(!world.feed.isLoaded)
        await world.store.fail(with: StoreError(.unavailable, "no route"))
        #expect(await !world.feed.poll())
        #expect(!world.feed.isLoaded)
        #expect(world.feed.failure == "no route")
        await world.store.fail(with: nil)
        #expect(await world.feed.poll())
        #expect(world.feed.isLoaded)
        #expect(world.feed.failure == nil)
    }

    @Test("What was ended while the store could not be asked arrives afterwards")
    func nothingIsMissed() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        await world.feed.poll()
        _ = try await world.store.end(.identity(World.alice.key), now: world.clock.now())
        await world.store.fail(with: StoreError(.unavailable, "no route"))
        await world.feed.poll()
        await world.store.fail(with: nil)
        _ = try world.service.verifier.verify(answer.accessToken)
        await world.feed.poll()
        #expect(throws: AccessTokenError.sessionEnded) { try world.service.verifier.verify(answer.accessToken) }
    }

    @Test("Ended sessions are forgotten when their last token has expired")
    func pruning() async throws {
        let world = try await World()
        _ = try await world.logIn()
        _ = try await world.store.end(.identity(World.alice.key), now: world.clock.now())
        await world.feed.poll()
        #expect(world.revocations.count == 1)
        world.clock.advance(.seconds(36_001))
        await world.feed.poll()
        #expect(world.revocations.count == 0)
    }

    @Test("A clock that jumped ahead and back brings no ended session to life")
    func clockJump() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        _ = try await world.store.end(.identity(World.alice.key), now: world.clock.now())
        await world.feed.poll()
        world.clock.advance(.seconds(86_400))
        await world.feed.poll()
        world.clock.advance(.seconds(-86_400))
        await world.feed.poll()
        #expect(throws: AccessTokenError.sessionEnded) { try world.service.verifier.verify(answer.accessToken) }
    }

    @Test("Keys rotated by another process sign and verify here after the next poll")
    func otherProcessRotates() async throws {
        let store = MemoryStore()
        let clock = TestClock()
        let masterKey = MasterKey.random()
        let policy = KeyPolicy(settings: TokenSettings(), clients: [])
        func ring() async throws -> KeyRing {
            try await KeyRing.open(
                store: store,
                masterKey: masterKey,
                policy: policy,
                pool: InlinePool(),
                clock: clock
            )
        }
        let here = try await ring()
        let there = try await ring()
        let feed = ChangeFeed(
            store: store,
            revocations: Revocations(),
            keys: here,
            clock: clock,
            logger: .init(label: "test")
        )
        await feed.poll()
        try await there.rotate()
        try await there.rotate()
        let header = String(try there.sign(Array("{}".utf8)).prefix { $0 != "." })
        #expect(here.verifyingKey(header: header) == nil)
        await feed.poll()
        #expect(here.verifyingKey(header: header) != nil)
        #expect(here.document == there.document)
    }

    @Test("run() fills, polls and ends when cancelled")
    func run() async throws {
        let world = try await World()
        let task = Task { await world.feed.run() }
        while !world.feed.isLoaded { try await Task.sleep(for: .milliseconds(5)) }
        let id = UUID()
        world.revocations.end(id, until: world.clock.now() + .seconds(1))
        #expect(world.revocations.isEnded(id))
        task.cancel()
        await task.value
    }
}
