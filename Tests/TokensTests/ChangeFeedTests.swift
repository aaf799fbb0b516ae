import Authentication
import FoundationEssentials
import Logging
import Synchronization
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

    @Test(
        "A failover that loses changes and gives their numbers anew hides no ended session",
        arguments: [true, false]
    )
    func numbersFallBack(_ isNoticed: Bool) async throws {
        let world = try await World()
        let first = try await world.logIn()
        await world.feed.poll()
        let lost: Int64 = isNoticed ? 1 : 4
        for second in 1...lost { await world.store.setNotBefore(.client("other"), seconds: second) }
        await world.feed.poll()
        if isNoticed {
            await world.store.fail(with: StoreError(.unavailable, "no route"))
            #expect(await !world.feed.poll())
            await world.store.fail(with: nil)
        }
        // The new server has lost all that, and what happens next there has the old numbers.
        await world.store.fallBack(by: lost)
        _ = try await world.store.end(.identity(World.alice.key), now: world.clock.now())
        #expect(await world.feed.poll())
        #expect(throws: AccessTokenError.sessionEnded) { try world.service.verifier.verify(first.accessToken) }
    }

    @Test("Ended sessions are forgotten when their last token has expired")
    func pruning() async throws {
        let world = try await World()
        _ = try await world.logIn()
        _ = try await world.store.end(.identity(World.alice.key), now: world.clock.now())
        await world.feed.poll()
        #expect(world.revocations.count == 1)
        world.clock.advance(.seconds(36_060))
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
                isShared: true,
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
        let session = UUID()
        // From the second on they promote keys that nobody else has heard of.
        var rotated = ContinuousClock.now
        for _ in 0..<4 {
            let before = rotated
            try await there.rotate()
            rotated = .now
            let header = String(try there.sign(Array("{}".utf8)).prefix { $0 != "." })
            // One promoted so long ago signs, and others have had the time to hear of it, which this one takes for nobody.
            guard ContinuousClock.now - before < KeyUse.settling else { continue }
            #expect(here.snapshot.verifying[header] != nil, "what one node signs, the others can verify at once")
            #expect(
                here.readRefreshToken(there.refreshToken(session: session, generation: 0, issuedAt: clock.now())) != nil
            )
        }
        await feed.poll()
        #expect(here.document == there.document)
        let newest = try #require(there.storedKeys.first { $0.use == .sign && $0.phase == .current }).id
        #expect(String(decoding: here.document, as: UTF8.self).contains(newest))
        let hasSettled = ContinuousClock.now + KeyUse.settling
        while ContinuousClock.now < hasSettled { try await Task.sleep(for: .milliseconds(50)) }
        let header = String(try there.sign(Array("{}".utf8)).prefix { $0 != "." })
        let current = try #require(Base64URL.decode(header.utf8))
        #expect(String(decoding: current, as: UTF8.self).contains(newest), "and then the promoted key signs")
    }

    @Test("A node that has not heard of a refresh key asks, at most once a second, and says when it cannot")
    func unknownRefreshKey() async throws {
        let world = try await World()
        let first = try await world.logIn()
        let id = try #require(first.refreshToken.flatMap(world.keys.readRefreshToken)).session
        // Another node's key, made without this one's knowing.
        var keys = try await world.store.keys()
        let other = RefreshKey()
        let wrapped = try world.masterKey.wrap(other.representation, id: other.storedID, use: .refresh)
        let old = try #require(keys.firstIndex { $0.use == .refresh })
        keys[old].phase = .retired
        keys[old].retireAt = world.clock.now() + .seconds(86_400 * 3)
        keys.append(
            StoredKey(
                id: other.storedID,
                use: .refresh,
                algorithm: "HS256",
                phase: .current,
                wrapped: wrapped,
                createdAt: world.clock.now()
            )
        )
        let token = RefreshToken(session: id, generation: 0).encode(with: other)
        let begun = ContinuousClock.now
        await world.store.fail(with: StoreError(.unavailable, "no route"))
        #expect(
            await world.refusal { try await world.refresh(token) }
                == "temporarily_unavailable: The directory is not reachable"
        )
        await world.store.fail(with: nil)
        await world.store.setKeys(keys)
        let reads = await world.store.reads
        let refusal = await world.refusal { try await world.refresh(token) }
        let readsAfter = await world.store.reads
        // On a machine that took longer it may ask again, and succeeds.
        if ContinuousClock.now - begun < .seconds(1) {
            #expect(
                refusal == "temporarily_unavailable: The directory is not reachable",
                "asked a moment ago, in vain: that is no reason to throw the token away"
            )
            #expect(readsAfter == reads)
        }
        try await Task.sleep(for: .milliseconds(1100))
        #expect(try await world.refresh(token).sessionState == first.sessionState)
    }

    /// Writes down what it is told.
    private final class Listener: ChangeObserver {
        private let told = Mutex<[ObservedChange]>([])

        func changed(_ change: ObservedChange) { told.withLock { $0.append(change) } }

        func take() -> [ObservedChange] {
            told.withLock { told in
                defer { told = [] }
                return told
            }
        }
    }

    @Test("Observers hear whom a change concerns")
    func observers() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        let session = try #require(answer.refreshToken.flatMap(world.keys.readRefreshToken)).session
        let listener = Listener()
        world.feed.observe(listener)
        await world.feed.poll()
        #expect(listener.take() == [.everybody], "from the beginning: forget all")
        await world.feed.poll()
        #expect(listener.take() == [])
        _ = try await world.store.end(.session(session), now: world.clock.now())
        await world.feed.poll()
        #expect(listener.take() == [.session(session, of: World.alice.key)])
        await world.store.changeAccount(World.alice.key)
        await world.store.setNotBefore(.client("web"), seconds: 1)
        await world.store.setNotBefore(.identity(World.alice.key), seconds: 1)
        await world.store.setNotBefore(.everyone, seconds: 1)
        await world.feed.poll()
        #expect(
            listener.take() == [.person(World.alice.key), .client("web"), .person(World.alice.key), .everybody]
        )
        world.clock.advance(.seconds(-3600))
        await world.feed.poll()
        #expect(listener.take() == [.everybody], "a clock set back")
    }

    @Test("A clock set back loses no account that was changed meanwhile: proved passwords are forgotten")
    func clockBackForgetsPasswords() async throws {
        let world = try await World()
        await world.feed.poll()
        let proved = world.revocations.proved
        let key = proved.key("alice", Password("pw"), from: "192.0.2.10", salt: [])
        let person = ProvedPerson(identity: World.alice, userID: 12)
        func isRemembered() async -> Bool {
            let answer = await proved.person(for: key) { .failure(Refusal(.sessionNotActive)) }
            return (try? answer.get()) != nil
        }
        _ = await proved.person(for: key) { .success(person) }
        await world.feed.poll()
        #expect(await isRemembered())
        await world.store.changeAccount(World.alice.key)
        world.clock.advance(.seconds(-3600))
        await world.feed.poll()
        #expect(await !isRemembered())
    }

    @Test("An ended session is held until its last token has expired, and a minute longer at most")
    func pruningByTheMinute() {
        let revocations = Revocations()
        let now = TestClock.start
        let sessions = (0..<5).map { _ in UUID() }
        for (number, session) in sessions.enumerated() {
            revocations.end(session, until: now + .seconds(60 * number + 1))
        }
        revocations.end(sessions[0], until: now + .seconds(3600))
        for second in stride(from: 0, through: 300, by: 20) {
            let moment = now + .seconds(second)
            revocations.prune(now: moment)
            for number in 1..<5 {
                let end = 60 * number + 1
                if second < end { #expect(revocations.isEnded(sessions[number])) }
                if second >= end + 60 { #expect(!revocations.isEnded(sessions[number])) }
            }
        }
        #expect(revocations.isEnded(sessions[0]), "it was noted again with a later end")
        revocations.prune(now: now + .seconds(3660))
        #expect(revocations.count == 0)
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
