import Authentication
import LDAPClient
import Logging
import Synchronization
import TestSupport
import Testing

@testable import DirectoryAuth

@Suite struct HostDiscoveryTests {
    typealias Record = LDAPServiceRecords.Record

    /// A name service that answers as it is told.
    final class Names: Sendable {
        private let state = Mutex<(answers: [String: [Record]], lifetime: Duration, fails: Bool, asked: [String])>(
            ([:], .seconds(300), false, [])
        )

        init(_ answers: [String: [Record]], lifetime: Duration = .seconds(300)) { set(answers, lifetime: lifetime) }

        func set(_ answers: [String: [Record]], lifetime: Duration = .seconds(300)) {
            state.withLock { ($0.answers, $0.lifetime, $0.fails) = (answers, lifetime, false) }
        }

        func fail() { state.withLock { $0.fails = true } }

        var asked: [String] { state.withLock { $0.asked } }

        func look(up name: String) throws(LDAPError) -> LDAPServiceRecords {
            let (fails, records, lifetime) = state.withLock { state in
                state.asked.append(name)
                return (state.fails, state.answers[name] ?? [], state.lifetime)
            }
            if fails { throw LDAPError(.nameResolution, "\(name): no name server answers") }
            return LDAPServiceRecords(records: records, lifetime: lifetime)
        }
    }

    static func record(_ host: String, _ port: Int, priority: Int = 0) -> Record {
        Record(priority: priority, weight: 1, host: host, port: port)
    }

    struct Row: Sendable {
        let startTLS: Bool
        let allowsCleartext: Bool
        let names: [String: [Record]]
        let urls: [String]?
    }

    static let plain = ["_ldap._tcp.x.example": [record("dc1.x.example", 389), record("dc2.x.example", 3890)]]
    static let both = plain.merging(["_ldaps._tcp.x.example": [record("tls.x.example", 636)]]) { $1 }
    static let rows = [
        Row(
            startTLS: true,
            allowsCleartext: false,
            names: both,
            urls: ["ldap://dc1.x.example", "ldap://dc2.x.example:3890"]
        ),
        Row(startTLS: false, allowsCleartext: false, names: both, urls: ["ldaps://tls.x.example"]),
        Row(startTLS: false, allowsCleartext: true, names: both, urls: ["ldaps://tls.x.example"]),
        // As Active Directory: no _ldaps, so port 389 stands for 636.
        Row(
            startTLS: false,
            allowsCleartext: false,
            names: plain,
            urls: ["ldaps://dc1.x.example", "ldaps://dc2.x.example:3890"]
        ),
        Row(
            startTLS: false,
            allowsCleartext: true,
            names: plain,
            urls: ["ldap://dc1.x.example", "ldap://dc2.x.example:3890"]
        ),
        Row(startTLS: false, allowsCleartext: false, names: [:], urls: nil),
        Row(startTLS: true, allowsCleartext: false, names: ["_ldaps._tcp.x.example": [record("tls", 636)]], urls: nil),
    ]

    static func settings(startTLS: Bool = false, allowsCleartext: Bool = false) -> HostDiscovery {
        let template = LDAPHostSettings(url: LDAPURL(scheme: .ldaps, host: "", port: 0), startTLS: startTLS)
        return HostDiscovery(domain: "x.example", position: 0, template: template, allowsCleartext: allowsCleartext)
    }

    @Test(arguments: rows.indices) func recordsBecomeURLs(_ index: Int) async throws {
        let row = Self.rows[index]
        let names = Names(row.names)
        let discovery = Self.settings(startTLS: row.startTLS, allowsCleartext: row.allowsCleartext)
        do throws(LDAPError) {
            let answer = try await discovery.find(
                { (name, _) throws(LDAPError) in try names.look(up: name) },
                deadline: .now
            )
            #expect(answer.hosts.map(\.url.description) == row.urls)
            for host in answer.hosts {
                let settings = discovery.settings(host)
                #expect(settings.startTLS == (row.startTLS && host.url.scheme == .ldap))
            }
        } catch {
            #expect(row.urls == nil && error.code == .nameResolution, "\(error)")
        }
    }

    /// A directory whose hosts answer for alice, all named by the DNS.
    static func directory(_ names: Names) throws -> (Directory, MadeHosts) {
        var settings = OneBindRuleTests.settings(of: [])
        settings.discoveries = [Self.settings()]
        let made = MadeHosts([:])
        let directory = try Directory(
            settings: settings,
            hosts: [],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            make: { settings in
                let host = ScriptedHost(settings: settings, searches: [.entries([OneBindRuleTests.alice])])
                made.value.withLock { $0[settings.url.host] = host }
                return host
            },
            lookUp: { (name, _) throws(LDAPError) in try names.look(up: name) }
        )
        return (directory, made)
    }

    @Test func hostsComeAndGoAndTheLastAnswerIsKept() async throws {
        let names = Names(
            ["_ldaps._tcp.x.example": [Self.record("a", 636), Self.record("b", 636, priority: 1)]],
            lifetime: .zero
        )
        let (directory, made) = try Self.directory(names)
        let result = await OneBindRuleTests.login(directory)
        #expect(OneBindRuleTests.Outcome(result) == .authenticated, "\(result)")
        #expect(directory.status.hosts.map(\.url) == ["ldaps://a", "ldaps://b"])
        #expect(made.value.withLock { $0["a"]?.bound.count } == 1)
        // Looked up again by its lifetime, five seconds at least.
        names.set(
            ["_ldaps._tcp.x.example": [Self.record("b", 636), Self.record("c", 636, priority: 1)]],
            lifetime: .zero
        )
        #expect(
            await eventually(within: .seconds(15)) { directory.status.hosts.map(\.url) == ["ldaps://b", "ldaps://c"] }
        )
        names.fail()
        let before = names.asked.count
        #expect(await eventually(within: .seconds(15)) { names.asked.count > before })
        #expect(await eventually { directory.status.discoveryError != nil })
        #expect(directory.status.hosts.map(\.url) == ["ldaps://b", "ldaps://c"])
        #expect(OneBindRuleTests.Outcome(await OneBindRuleTests.login(directory)) == .authenticated)
        await directory.shutdown()
        // Also the one that was let go meanwhile.
        #expect(made.value.withLock { $0.values.allSatisfy { $0.told.contains("shut down") } })
    }

    @Test func aDNSThatSaysNothingIsAnOutage() async throws {
        let names = Names([:])
        names.fail()
        let (directory, _) = try Self.directory(names)
        guard case .unavailable(let outage) = await OneBindRuleTests.login(directory) else {
            Issue.record("let in or refused")
            return
        }
        #expect(outage.detail.contains("no name server answers"))
        #expect(!directory.status.mayAnswer && !directory.status.isUnknown)
        names.set(["_ldaps._tcp.x.example": [Self.record("a", 636)]])
        #expect(
            await eventually {
                OneBindRuleTests.Outcome(await OneBindRuleTests.login(directory)) == .authenticated
            }
        )
        await directory.shutdown()
    }

    /// A DNS with a hundred controllers: the near site's first, and of the many the strong ones.
    @Test func ofVeryManyTheBestAreTaken() async throws {
        let near = (0..<8).map { Record(priority: 0, weight: 0, host: "near\($0).x.example", port: 636) }
        let strong = (0..<10).map { Record(priority: 5, weight: 1_000, host: "strong\($0).x.example", port: 636) }
        let weak = (0..<80).map { Record(priority: 5, weight: 1, host: "a-weak\($0).x.example", port: 636) }
        let far = (0..<40).map { Record(priority: 9, weight: 60_000, host: "a-far\($0).x.example", port: 636) }
        let names = Names(["_ldaps._tcp.x.example": (weak + far + strong + near).shuffled()])
        let answer = try await Self.settings().find(
            { (name, _) throws(LDAPError) in try names.look(up: name) },
            deadline: .now
        )
        let hosts = answer.hosts.map(\.url.host)
        #expect(hosts.count == 32 && Set(hosts).count == 32)
        // Whatever the machine's name: all of the best priority, none of the worst, before the others in order.
        #expect(Set(hosts.prefix(8)) == Set(near.map(\.host)))
        #expect(!hosts.contains { $0.hasPrefix("a-far") })
        #expect(hosts.count { $0.hasPrefix("strong") } == 10, "\(hosts)")
    }

    /// Always alike on one machine, and not alike on all: no host is left out by everybody.
    @Test func machinesDrawDifferently() {
        let hosts = (0..<100).map {
            HostDiscovery.Found(url: LDAPURL(scheme: .ldaps, host: "dc\($0)", port: 636), priority: 0, weight: 100)
        }
        var taken: Set<String> = []
        for machine in (0..<40).map({ "node\($0)" }) {
            let chosen = HostDiscovery.chosen(hosts, machine: machine)
            #expect(chosen.count == 32)
            #expect(Set(HostDiscovery.chosen(hosts.shuffled(), machine: machine)) == Set(chosen))
            taken.formUnion(chosen.map(\.url.host))
        }
        #expect(taken.count == 100)
        // One that goes moves nobody but itself.
        let before = HostDiscovery.chosen(hosts, machine: "node1")
        let after = HostDiscovery.chosen(hosts.filter { $0 != before[0] }, machine: "node1")
        #expect(Set(after).isSuperset(of: before.dropFirst()))
        #expect(HostDiscovery.chosen(Array(hosts.prefix(32)), machine: "x") == Array(hosts.prefix(32)))
    }

    @Test func placesFollowTheOrderOfURLs() {
        let host = LDAPHostSettings(url: LDAPURL(scheme: .ldaps, host: "a", port: 636))
        var settings = DirectorySettings(id: SourceID(1), name: "x", kind: .openLDAP, hosts: [host, host])
        settings.discoveries = [Self.settings(), Self.settings(), Self.settings()]
        settings.discoveries[1].position = 1
        settings.discoveries[2].position = 2
        // srv, a, srv, a, srv
        #expect(settings.hosts.indices.map(settings.place(ofHost:)) == [1, 3])
        #expect(settings.discoveries.indices.map(settings.place(ofDiscovery:)) == [0, 2, 4])
    }
}

/// The hosts a directory has made, by name.
final class MadeHosts: Sendable {
    let value: Mutex<[String: ScriptedHost]>
    init(_ hosts: [String: ScriptedHost]) { value = Mutex(hosts) }
}
