import Authentication
import DirectoryAuth
import LDAPClient
import Synchronization
import TestSupport
import Testing

/// One user bind an attempt, counted by the servers: with two hosts, and with local accounts behind the directory.
@Suite struct OneBindCounterTests {
    /// Local accounts that count how often they are asked.
    private final class Local: IdentitySource {
        let id = SourceID.local
        let name = "local"
        private let count = Mutex(0)
        var asked: Int { count.withLock { $0 } }

        func authenticate(
            _ username: String,
            password: Password,
            deadline: ContinuousClock.Instant,
            gate: any LoginGate
        ) async -> AuthenticationResult {
            count.withLock { $0 += 1 }
            return .rejected(Rejection(.unknownUser, source: id))
        }

        func recheck(
            _ key: IdentityKey,
            username: String,
            locator: String?,
            credentialState: String?,
            deadline: ContinuousClock.Instant
        ) async -> RecheckResult { .impossible }

        func changePassword(
            of account: SourceAccount,
            from old: Password,
            to new: Password,
            deadline: ContinuousClock.Instant,
            gate: any LoginGate
        ) async -> PasswordChangeResult { .rejected(Rejection(.unknownUser, source: id)) }
    }

    static let alice = LiveDirectory.sample.dn(of: "alice")

    /// How many binds of people came in, at all servers together, once the logs are written.
    static func binds(_ live: LiveDirectory) async throws -> Int {
        try await Task.sleep(for: .milliseconds(100))
        return live.servers.map { $0.bindRequests() - $0.bindRequests(dn: $0.serviceDN) }.reduce(0, +)
    }

    static let attempts: [(name: String, password: String, binds: Int, local: Int)] = [
        ("alice", "alice-secret", 1, 0), ("alice", "wrong", 1, 0), ("ALICE", "wrong", 1, 0), ("nobody", "wrong", 0, 1),
        ("twin", "twin-one", 0, 0), ("alice", "", 0, 0), ("*", "wrong", 0, 1), ("bob", "\0", 1, 0),
    ]

    @Test(arguments: [false, true]) func oneBindAndNoOtherHost(_ cached: Bool) async throws {
        let live = try LiveDirectory(await Slapd.start(), await Slapd.start()) {
            if cached { $0.dnCache = .seconds(60) }
        }
        let local = Local()
        var settings = AuthenticationSettings()
        settings.order = [live.directory.id, .local]
        let authenticator = Authenticator(settings: settings, local: local, directories: [live.directory])
        var (binds, asked) = (0, 0)
        for round in 0..<2 {
            for attempt in Self.attempts {
                _ = await authenticator.authenticate(
                    AuthenticationRequest(
                        username: attempt.name,
                        password: Password(attempt.password),
                        selection: .directory(live.directory.id)
                    )
                )
                binds += attempt.binds
                asked += attempt.local
                #expect(try await Self.binds(live) == binds, "\(attempt) in round \(round)")
                #expect(local.asked == asked, "\(attempt) in round \(round)")
            }
        }
        #expect(live.servers[1].bindRequests() == 0)
        // The first host goes: the next is asked, once.
        await live.slapd.stop()
        #expect(try await live.rejection("alice", "wrong").reason == .wrongPassword)
        #expect(try await Self.binds(live) == binds + 1)
        _ = try await live.identity("alice", "alice-secret")
        #expect(try await Self.binds(live) == binds + 2)
        #expect(live.servers[1].bindRequests(dn: Self.alice) == 2)
        await live.stop()
    }

    /// A hundred refreshes of one person that come together are one question, and all hear the answer.
    @Test func refreshesOfOnePersonAreAskedOnce() async throws {
        let live = try LiveDirectory(await Slapd.start())
        let identity = try await live.identity("alice", "alice-secret")
        guard case .current = await live.recheck(identity) else {
            Issue.record("nothing has happened to her")
            return
        }
        let bob = try await live.identity("bob", "bob-secret")
        func reads() -> Int { live.slapd.searchRequests(containing: "base=\"\(Self.alice)\" scope=0") }
        let before = reads()
        live.slapd.pause()
        let results = await withTaskGroup(of: RecheckResult.self) { group in
            final class Asked: Sendable { let count = Atomic(0) }
            let asked = Asked()
            for _ in 0..<100 {
                group.addTask {
                    asked.count.add(1, ordering: .relaxed)
                    return await live.recheck(identity)
                }
            }
            // Another's question is another one; and who goes away takes the answer from nobody.
            let other = Task { await live.recheck(bob) }
            let leaver = Task { await live.recheck(identity) }
            #expect(await eventually { asked.count.load(ordering: .relaxed) == 100 })
            try? await Task.sleep(for: .milliseconds(300))
            leaver.cancel()
            live.slapd.resume()
            guard case .current(let now) = await other.value, now.key == bob.key else {
                Issue.record("another's question got lost")
                return [RecheckResult]()
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count == 100)
        for result in results {
            guard case .current(let now) = result else {
                Issue.record("\(result)")
                continue
            }
            #expect(now.key == identity.key && now.groups == identity.groups)
        }
        #expect(await eventually { reads() > before })
        #expect(reads() == before + 1)
        // Nothing is remembered: the next one asks again.
        try await live.slapd.modify("dn: \(Self.alice)\nchangetype: delete\n\n")
        #expect(RecheckTests.ended(await live.recheck(identity)) == .unknownUser)
        await live.stop()
    }
}
