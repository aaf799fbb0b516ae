import Authentication
import FoundationEssentials
import Storage
import Testing
import Tokens

@Suite("Sessions, on every backend")
struct SessionConformanceTests {
    @Test("What is opened is read back whole", arguments: Backend.allCases)
    func openAndRead(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            var given = session(person("a"), kind: .login)
            given.authenticatedAt = now + .seconds(-5)
            let opened = try await store.open(given)
            #expect(opened.number == 1)
            #expect(opened.userID == 1)
            given.number = 1
            given.userID = 1
            #expect(opened == given)
            #expect(try await store.session(given.id) == given)
            #expect(try await store.session(UUID()) == nil)
        }
    }

    @Test("The host that answered is for the audit line and not kept", arguments: Backend.allCases)
    func hostIsNotKept(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            var identity = person("a")
            identity.host = "ldap1"
            let opened = try await store.open(session(identity))
            #expect(try await store.session(opened.id)?.identity == person("a"))
        }
    }

    @Test("The same session id twice is a conflict and leaves the first", arguments: Backend.allCases)
    func sameID(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let first = try await store.open(session(person("a")))
            await #expect(throws: StoreError(.conflict, "")) {
                _ = try await store.open(session(person("b"), id: first.id))
            }
            #expect(try await store.session(first.id)?.identity.key.stableID == "a")
            // The refused one took no numbers, or only where they come from a sequence, which takes none back.
            let next = try await store.open(session(person("c")))
            #expect(next.number == (backend == .postgresql ? 3 : 2))
            #expect(next.userID == (backend == .postgresql ? 3 : 2))
        }
    }

    @Test("A refresh raises the generation and renews the idle end", arguments: Backend.allCases)
    func rotate(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let opened = try await store.open(session(person("a")))
            let later = now + .seconds(60)
            var expected = opened
            expected.generation = 1
            expected.rotatedAt = later
            expected.idleEnd = later + .seconds(1800)
            let rotated = try await store.rotate(
                Rotation(session: opened.id, generation: 0, now: later, idleEnd: expected.idleEnd, identity: nil)
            )
            #expect(rotated == expected)
            #expect(try await store.session(opened.id) == expected)
        }
    }

    @Test("A refresh stores the person as re-checked, and may leave the idle end", arguments: Backend.allCases)
    func rotateWithIdentity(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let opened = try await store.open(session(person("a")))
            var changed = person("a")
            changed.lastName = nil
            changed.groups = []
            changed.locator = "uid=moved"
            let rotated = try await store.rotate(
                Rotation(session: opened.id, generation: 0, now: now, idleEnd: nil, identity: changed)
            )
            #expect(rotated?.identity == changed)
            #expect(rotated?.idleEnd == opened.idleEnd)
            #expect(rotated?.userID == opened.userID)
            #expect(rotated?.address == opened.address)
        }
    }

    @Test("Nothing else is rotated", arguments: Backend.allCases)
    func rotateRefused(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let opened = try await store.open(session(person("a")))
            let ended = try await store.open(session(person("b")))
            _ = try await store.end(.session(ended.id), now: now)
            let short = try await store.open(session(person("c"), hard: .seconds(10)))
            let refused: [(UUID, Int32, Timestamp)] = [
                (opened.id, 1, now), (opened.id, -1, now), (UUID(), 0, now), (ended.id, 0, now),
                (opened.id, 0, opened.idleEnd), (short.id, 0, short.hardEnd),
            ]
            for (id, generation, moment) in refused {
                let rotation = Rotation(
                    session: id,
                    generation: generation,
                    now: moment,
                    idleEnd: nil,
                    identity: nil
                )
                #expect(try await store.rotate(rotation) == nil)
            }
            #expect(try await store.session(opened.id) == opened)
            #expect(try await store.session(short.id) == short)
        }
    }

    @Test("Of a hundred refreshes with one token exactly one wins", arguments: Backend.allCases)
    func concurrentRotations(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let opened = try await store.open(session(person("a")))
            let winners = try await withThrowingTaskGroup(of: Session?.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        try await store.rotate(
                            Rotation(session: opened.id, generation: 0, now: now, idleEnd: nil, identity: nil)
                        )
                    }
                }
                return try await group.reduce(into: 0) { if $1 != nil { $0 += 1 } }
            }
            #expect(winners == 1)
            #expect(try await store.session(opened.id)?.generation == 1)
        }
    }

    @Test("The newest live session of a person, client and kind", arguments: Backend.allCases)
    func newest(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let key = person("a").key
            func newest(_ client: String = "web", _ kind: Session.Kind = .refreshable) async throws -> UUID? {
                try await store.newestSession(of: key, client: client, kind: kind, now: now)?.id
            }
            #expect(try await newest() == nil)
            let old = try await store.open(session(person("a"), at: now - .seconds(60)))
            let new = try await store.open(session(person("a"), at: now - .seconds(30)))
            _ = try await store.open(session(person("a"), at: now - .seconds(3600)))
            _ = try await store.open(session(person("b")))
            let login = try await store.open(session(person("a"), kind: .login))
            let other = try await store.open(session(person("a"), client: "other"))
            #expect(try await newest() == new.id)
            #expect(try await newest("web", .login) == login.id)
            #expect(try await newest("other") == other.id)
            _ = try await store.end(.session(new.id), now: now)
            #expect(try await newest() == old.id)
        }
    }

    @Test("Proving the password again sets auth_time of a live session", arguments: Backend.allCases)
    func reauthenticate(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let opened = try await store.open(session(person("a")))
            var changed = person("a")
            changed.email = "new@example.com"
            let later = now + .seconds(9)
            let again = try await store.reauthenticate(opened.id, identity: changed, now: later)
            #expect(again?.authenticatedAt == later)
            #expect(again?.identity == changed)
            #expect(again?.generation == 0)
            _ = try await store.end(.session(opened.id), now: later)
            #expect(try await store.reauthenticate(opened.id, identity: changed, now: later) == nil)
        }
    }

    @Test("Ending counts live sessions and keeps the row", arguments: Backend.allCases)
    func end(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let one = try await store.open(session(person("a")))
            _ = try await store.open(session(person("a"), client: "other"))
            _ = try await store.open(session(person("a"), idle: .seconds(1)))
            let stranger = try await store.open(session(person("a", source: 2)))
            let later = now + .seconds(2)
            #expect(try await store.end(.session(one.id), now: later) == 1)
            #expect(try await store.end(.session(one.id), now: later) == 0)
            #expect(try await store.session(one.id)?.endedAt == later)
            #expect(try await store.end(.identity(one.identity.key), now: later) == 1)
            #expect(try await store.end(.identity(one.identity.key), now: later) == 0)
            #expect(try await store.session(stranger.id)?.isLive(at: later) == true)
            #expect(try await store.end(.session(UUID()), now: later) == 0)
        }
    }

    @Test("A new password ends what was begun with the old one, and no more", arguments: Backend.allCases)
    func endOpened(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            func open(_ name: String, at moment: Timestamp) async throws -> Session {
                var one = session(person(name))
                one.createdAt = moment
                return try await store.open(one)
            }
            let later = now + .seconds(2)
            let (old, own) = (try await open("a", at: now), try await open("a", at: now))
            // Proving the new password inside an old session makes no new one of it.
            let proved = try await open("a", at: now)
            _ = try await store.reauthenticate(proved.id, identity: proved.identity, now: later)
            let new = try await open("a", at: later)
            // Written by a clock that was wrong; it would come to life.
            let ahead = try await open("a", at: later + Session.clockLeeway + .seconds(1))
            let stranger = try await open("b", at: now)
            let key = old.identity.key
            #expect(try await store.end(.opened(key, by: now, except: own.id), now: later) == 3)
            for one in [old, proved, ahead] { #expect(try await store.session(one.id)?.endedAt == later) }
            for one in [own, new, stranger] { #expect(try await store.session(one.id)?.isLive(at: later) == true) }
            #expect(try await store.end(.opened(key, by: nil, except: nil), now: later) == 2)
            #expect(try await store.session(stranger.id)?.isLive(at: later) == true)
        }
    }

    @Test("Old sessions are removed in batches, and only they", arguments: Backend.allCases)
    func purge(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            var old: [UUID] = []
            for _ in 0..<5 { old.append(try await store.open(session(person("a"), hard: .seconds(10))).id) }
            let kept = try await store.open(session(person("a")))
            _ = try await store.end(.session(kept.id), now: now)
            let before = now + .seconds(11)
            #expect(try await store.purge(before: now + .seconds(10), limit: 10) == 0)
            #expect(try await store.purge(before: before, limit: 3) == 3)
            #expect(try await store.purge(before: before, limit: 3) == 2)
            #expect(try await store.purge(before: before, limit: 3) == 0)
            for id in old { #expect(try await store.session(id) == nil) }
            #expect(try await store.session(kept.id)?.endedAt == now)
        }
    }

    @Test("Maintenance keeps expired sessions for a day", arguments: Backend.allCases)
    func maintenance(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let young = try await store.open(session(person("a"), hard: .seconds(86400 - 60)))
            var old: [UUID] = []
            for _ in 0..<7 { old.append(try await store.open(session(person("a"), hard: .seconds(10))).id) }
            let clock = FixedClock(time: now + .seconds(86400 + 60))
            let maintenance = StoreMaintenance(
                store: store,
                clock: clock,
                logger: .silent,
                pause: .milliseconds(5),
                batch: 2
            )
            let running = Task { await maintenance.run() }
            let deadline = ContinuousClock.now + .seconds(20)
            while try await store.session(old[6]) != nil, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
            running.cancel()
            await running.value
            for id in old { #expect(try await store.session(id) == nil) }
            #expect(try await store.session(young.id) != nil)
        }
    }

    @Test("NUL in what is only shown does not stop a login, in an id it does", arguments: Backend.allCases)
    func nul(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            var identity = person("a")
            identity.displayName = "a\0b"
            identity.groups = ["x\0y"]
            let opened = try await store.open(session(identity))
            let read = try await store.session(opened.id)
            #expect(read?.identity.displayName == "a\u{FFFD}b")
            #expect(read?.identity.groups == ["x\0y"])
            await #expect(throws: StoreError.self) { _ = try await store.open(session(person("a\0"))) }
        }
    }
}
