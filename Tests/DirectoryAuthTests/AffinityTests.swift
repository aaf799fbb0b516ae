import Authentication
import LDAPClient
import Logging
import Testing

@testable import DirectoryAuth

/// One person is one host's, among hosts of one rank, whatever is asked: another may not have heard of a password changed
/// a moment ago.
@Suite struct AffinityTests {
    private static func entry(_ uid: String) -> LDAPEntry {
        LDAPEntry(
            dn: "uid=\(uid),ou=people,dc=x",
            attributes: [("entryUUID", [Array("id-\(uid)".utf8)]), ("uid", [Array(uid.utf8)])]
        )
    }

    private struct World {
        let hosts: [ScriptedHost]
        let directory: Directory

        init(_ uid: String) throws {
            hosts = (1...3).map { ScriptedHost("dc\($0)", searches: [.entries([AffinityTests.entry(uid)])]) }
            let roster = HostRoster()
            roster.add(hosts.map { .init(host: $0, rank: HostRank(place: 0)) })
            directory = try Directory(
                settings: OneBindRuleTests.settings(of: hosts),
                hosts: [],
                logger: Logger(label: "test"),
                roster: roster
            )
        }

        /// Whom the last search was asked of by `body`.
        func lastSearched(_ body: () async throws -> Void) async rethrows -> [String] {
            let before = hosts.map(\.requests.count)
            try await body()
            return zip(hosts, before).filter { $0.requests.count > $1 }.map(\.0.settings.url.host)
        }

        var bound: [String] { hosts.filter { !$0.bound.isEmpty }.map(\.settings.url.host) }
    }

    private static let names = [
        "Alice", "bob", "Carol", "dave", "Jürgen", "eve", "mallory", "Trent", "victor", "walter",
    ]

    @Test(arguments: names) func refreshesAskTheHostOfTheLogin(_ name: String) async throws {
        let world = try World(name)
        guard case .authenticated(let identity) = await OneBindRuleTests.login(world.directory, name.uppercased())
        else {
            Issue.record("not let in")
            return
        }
        #expect(world.bound.count == 1)
        let asked = await world.lastSearched {
            _ = await world.directory.recheck(
                identity.key,
                username: identity.username,
                locator: identity.locator,
                credentialState: identity.credentialState,
                deadline: .now + .seconds(5)
            )
        }
        #expect(asked == world.bound)
        let signedOn = await world.lastSearched {
            let principal = SignOnPrincipal(name: name.lowercased(), realm: "X")
            _ = await world.directory.authenticate(principal, deadline: .now + .seconds(5))
        }
        #expect(signedOn == world.bound)
    }

    /// By whatever name: what the session begins with was read where its refreshes will read.
    @Test(arguments: names) func aMailAddressLeadsToTheSameHost(_ name: String) async throws {
        let world = try World(name)
        _ = await OneBindRuleTests.login(world.directory, name)
        let host = world.bound
        let other = try World(name)
        _ = await OneBindRuleTests.login(other.directory, "\(name).surname@example.org")
        #expect(other.bound == host)
        let lastAsked = other.hosts.filter { $0.requests.last?.scope == .base || $0.requests.count == 1 }
        #expect(lastAsked.contains { $0.settings.url.host == host.first })
    }

    @Test(arguments: names) func aChangeOfThePasswordGoesThere(_ name: String) async throws {
        let world = try World(name)
        _ = await OneBindRuleTests.login(world.directory, name)
        let host = world.bound
        for account in [
            SourceAccount.named(name.uppercased()),
            .known(IdentityKey(source: SourceID(1), stableID: "id-\(name)"), locator: "uid=\(name),ou=people,dc=x"),
        ] {
            let changing = try World(name)
            _ = await changing.directory.changePassword(
                of: account,
                from: Password("old"),
                to: Password("new"),
                deadline: .now + .seconds(5),
                gate: OpenGate()
            )
            #expect(changing.bound == host)
        }
    }
}
