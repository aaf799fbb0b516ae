import Authentication
import Synchronization
import TestSupport
import Testing

@testable import DirectoryAuth

/// What stands at the person's door, between finding an entry and binding as it.
@Suite struct GateTests {
    private final class Gate: LoginGate {
        private let state = Mutex<(asked: [IdentityKey], answer: AuthenticationResult?)>(([], nil))

        var asked: [IdentityKey] { state.withLock { $0.asked } }

        init(_ answer: AuthenticationResult? = nil) { state.withLock { $0.answer = answer } }

        func answer(insteadOf person: IdentityKey) async -> AuthenticationResult? {
            state.withLock { state in
                state.asked.append(person)
                return state.answer
            }
        }
    }

    @Test(arguments: [Duration.zero, .seconds(60)])
    func everySpellingLeadsToTheSameDoor(_ dnCache: Duration) async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.dnCache = dnCache }
        let alice = try #require(LiveDirectory.sample.person("alice"))
        let identity = try await live.identity("alice", alice.password)
        let dn = LiveDirectory.sample.dn(of: "alice")
        let binds = live.slapd.bindRequests(dn: dn)
        let shut = Gate(.rejected(Rejection(ThrottleWait(.account, remaining: .seconds(30)))))
        // slapd takes all of these for one.
        let spellings = ["alice", "ALICE", "  alice ", "ａｌｉｃｅ", "al\u{AD}ice"]
        for spelling in spellings {
            let result = await live.directory.authenticate(
                spelling,
                password: Password("guess"),
                deadline: .now + .seconds(10),
                gate: shut
            )
            guard case .rejected(let rejection) = result else {
                Issue.record("\(spelling): \(result)")
                continue
            }
            // One that slapd does not take for alice leads nowhere, and to no bind.
            #expect(rejection.wait != nil || rejection.reason == .unknownUser, "\(spelling): \(rejection)")
        }
        #expect(shut.asked.count >= 4 && Set(shut.asked) == [identity.key])
        #expect(live.slapd.bindRequests(dn: dn) == binds, "nobody was bound")
        await live.stop()
    }

    @Test func anOpenDoorIsAskedOnceForEachPersonAndNobodyElse() async throws {
        let live = try LiveDirectory(await Slapd.start())
        let alice = try #require(LiveDirectory.sample.person("alice"))
        for (name, password, doors) in [
            ("alice", alice.password, 1), ("alice", "no", 1), ("nobody", "x", 0), ("twin", "x", 0),
        ] {
            let open = Gate()
            _ = await live.directory.authenticate(
                name,
                password: Password(password),
                deadline: .now + .seconds(10),
                gate: open
            )
            #expect(open.asked.count == doors, "\(name)")
        }
        await live.stop()
    }
}
