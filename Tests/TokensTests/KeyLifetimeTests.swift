import Authentication
import Testing

@testable import Tokens

/// When a key begins to sign, and how long it is kept.
@Suite struct KeyLifetimeTests {
    private let rig = KeyRig()
    private var clock: TestClock { rig.clock }
    private var store: MemoryStore { rig.store }

    @Test("A next key that was just published waits until verifiers can have seen it, also when rotation is due")
    func publishedBeforeUse() async throws {
        _ = try await rig.open(rig.policy())
        clock.advance(.seconds(31 * 86_400))
        let stored = try await store.keys()
        let current = stored.filter { $0.phase == .current }
        var next = try #require(stored.first { $0.phase == .next })
        let missing = KeyPlan(keys: current, policy: rig.policy(), now: clock.now(), trigger: .schedule)
        #expect(missing.orders.contains(KeyPlan.Order(use: .sign, phase: .next)))
        #expect(!missing.changed.contains { $0.use == .sign }, "the old one signs on")
        for (age, isPromoted) in [(0, false), (359, false), (360, true)] {
            next.createdAt = clock.now() - .seconds(age)
            let plan = KeyPlan(keys: current + [next], policy: rig.policy(), now: clock.now(), trigger: .schedule)
            #expect(plan.changed.contains { $0.id == next.id && $0.phase == .current } == isPromoted)
        }
        // Where keys live shorter than that, nobody can ask for it.
        next.createdAt = clock.now() - .seconds(5)
        let quick = KeyPlan(
            keys: current + [next],
            policy: rig.policy(rotation: .seconds(5)),
            now: clock.now(),
            trigger: .schedule
        )
        #expect(quick.changed.contains { $0.id == next.id && $0.phase == .current })
    }

    @Test("What was issued under longer lifetimes verifies to its end, though the configuration was shortened since")
    func shortenedLifetimes() async throws {
        let ring = try await rig.open(rig.policy())
        let old = try #require(try await store.keys().first { $0.use == .sign && $0.phase == .current })
        let refresh = try #require(try await store.keys().first { $0.use == .refresh })
        #expect(old.tokenLifetime == .seconds(20 * 3600))
        #expect(refresh.tokenLifetime == .seconds(72 * 3600))
        let short = KeyPolicy(
            settings: TokenSettings(
                accessLifetime: .seconds(60),
                loginLifetime: .seconds(60),
                sessionMax: .seconds(600)
            ),
            clients: []
        )
        // By a reload or a restart.
        try await ring.apply(short)
        try await ring.rotate()
        for (key, lifetime) in [(old, 20 * 3600), (refresh, 72 * 3600)] {
            let retired = try #require(try await store.keys().first { $0.id == key.id })
            #expect(retired.retireAt == clock.now() + .seconds(lifetime + 300))
        }
        let current = try #require(try await store.keys().first { $0.use == .sign && $0.phase == .current })
        #expect(current.tokenLifetime == .seconds(60))
        try await ring.apply(rig.policy())
        #expect(ring.storedKeys.first { $0.id == current.id }?.tokenLifetime == .seconds(20 * 3600))
    }

    @Test("While the clock is in doubt nothing is removed")
    func doubtfulClock() async throws {
        let ring = try await rig.open(rig.policy())
        try await ring.rotate()
        clock.advance(.seconds(25 * 86_400))
        #expect(try await !ring.rotateIfDue(removesRetired: false))
        #expect(try await rig.phases(.sign) == ["ES256 current", "ES256 next", "ES256 retired"])
        #expect(try await ring.rotateIfDue())
        #expect(try await rig.phases(.sign) == ["ES256 current", "ES256 next"])
    }
}
