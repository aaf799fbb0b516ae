import Authentication
import FoundationEssentials
import Testing
import Tokens

@testable import Storage

@Suite("Sessions and people as commands see them, on every backend")
struct SessionListTests {
    @Test("Live sessions by number, page after page, of everybody or of one", arguments: Backend.allCases)
    func list(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            var live: [Int32] = []
            for name in ["a", "b", "a"] { live.append(try await store.open(session(person(name))).number) }
            _ = try await store.open(session(person("a"), idle: .seconds(1)))
            let ended = try await store.open(session(person("a")))
            _ = try await store.end(.session(ended.id), now: now)
            let later = now + .seconds(2)
            #expect(try await store.liveSessions(limit: 10, now: later).map(\.number) == live)
            #expect(try await store.liveSessions(limit: 2, now: later).map(\.number) == Array(live.prefix(2)))
            #expect(try await store.liveSessions(after: live[1], limit: 2, now: later).map(\.number) == [live[2]])
            let ofOne = try await store.liveSessions(of: person("a").key, limit: 10, now: later)
            #expect(ofOne.map(\.number) == [live[0], live[2]])
            #expect(ofOne.first?.identity == person("a"))
            #expect(try await store.liveSessions(of: person("a", source: 2).key, limit: 10, now: later).isEmpty)
            #expect(try await store.session(number: ended.number)?.endedAt == now)
            #expect(try await store.session(number: 4711) == nil)
        }
    }

    @Test("A session from a future that a wrong clock saw is not live", arguments: Backend.allCases)
    func fromTheFuture(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let near = try await store.open(session(person("a"), at: now + .seconds(60)))
            let far = try await store.open(session(person("a"), at: now + .seconds(61)))
            #expect(near.isLive(at: now) && !far.isLive(at: now))
            #expect(try await store.liveSessions(limit: 10, now: now).map(\.id) == [near.id])
            let newest = try await store.newestSession(of: person("a").key, client: "web", kind: .refreshable, now: now)
            #expect(newest?.id == near.id)
            for (session, isLive) in [(near, true), (far, false)] {
                let rotation = Rotation(session: session.id, generation: 0, now: now, idleEnd: nil, identity: nil)
                #expect((try await store.rotate(rotation) != nil) == isLive)
                let again = try await store.reauthenticate(session.id, identity: session.identity, now: now)
                #expect((again != nil) == isLive)
            }
            // It can be ended, though.
            _ = try await store.end(.session(far.id), now: now)
            #expect(try await store.session(far.id)?.endedAt == now)
        }
    }

    @Test("People by key, by name without case, and by a source's former name", arguments: Backend.allCases)
    func people(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            var zoe = person("z1")
            zoe.username = "Zoë"
            let opened = try await store.open(session(zoe))
            var other = person("z2")
            other.username = "ZOË"
            _ = try await store.open(session(other))
            var elsewhere = person("z3", source: 2)
            elsewhere.username = "zoë"
            elsewhere.sourceName = "partner"
            _ = try await store.open(session(elsewhere))
            let found = try await store.person(zoe.key)
            #expect(found?.username == "Zoë" && found?.sourceName == "corp" && found?.userID == opened.userID)
            #expect(try await store.person(person("nobody").key) == nil)
            let named = try await store.people(named: " zoë", of: SourceID(1))
            #expect(named.map(\.key) == [zoe.key, other.key])
            #expect(try await store.people(named: "zo", of: SourceID(1)).isEmpty)
            #expect(try await store.sources(named: "partner") == [SourceID(2)])
            #expect(try await store.sources(named: "nowhere").isEmpty)
        }
    }
}
