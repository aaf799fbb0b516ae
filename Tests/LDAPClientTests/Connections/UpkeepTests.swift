import EventPoller
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import LDAPClient

extension HostConnections {
    /// As if a connection that is lost had been put back.
    fileprivate func plantGhost() { _ = binds.giveBack(4711, now: .now) }
}

extension LDAPConnection {
    /// Keeps the poller from everything else until `flag` is set.
    fileprivate func block(until flag: Flag) {
        flag.begun()
        while !flag.isSet { usleep(1000) }
    }

    fileprivate func begin() throws(LDAPError) { try startWatching() }
}

/// Passed from the tests' thread to the poller's.
private final class Flag: Sendable {
    private let value = Atomic(0)

    var isSet: Bool { value.load(ordering: .sequentiallyConsistent) == 2 }
    var hasBegun: Bool { value.load(ordering: .sequentiallyConsistent) > 0 }

    func begun() { value.store(1, ordering: .sequentiallyConsistent) }
    func set() { value.store(2, ordering: .sequentiallyConsistent) }
}

/// What must not be lost, counted or sent twice behind the scenes.
@Suite struct UpkeepTests {
    private let dn = SampleDirectory().dn(of: "alice")
    private let root = SearchRequest(base: "", scope: .base)

    @Test func aBindOfSomebodyWhoHasGoneIsNotSent() async throws {
        let step: [TCPFake.Step] = [.readMessage, .reply { LDAPReply.bind(to: $0) }]
        let fake = try TCPFake.start(.script(step + step + step))
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)") { $0.bindConnections = 1 }
        _ = try await host.bind(dn: dn, password: Secret("x"), deadline: .after(20))
        let before = fake.received.count
        let task = Task { [dn] in
            withUnsafeCurrentTask { unsafe $0?.cancel() }
            return await failure { () async throws(LDAPError) in
                try await host.bind(dn: dn, password: Secret("x"), deadline: .after(20))
            }
        }
        let error = await task.value
        #expect(error?.code == .cancelled && error?.requestWasWritten == false)
        // The connection is as good as before.
        _ = try await host.bind(dn: dn, password: Secret("x"), deadline: .after(20))
        #expect(fake.received.count == 2 * before)
        #expect(fake.connections == 1)
        await host.shutdown()
    }

    @Test func aBindConnectionThatIsGoneTakesNobodysPlace() async throws {
        let step: [TCPFake.Step] = [.readMessage, .reply { LDAPReply.bind(to: $0) }]
        let fake = try TCPFake.start(.script(step + step))
        let rig = try Rig()
        var settings = LDAPHostSettings(url: try LDAPURL("ldap://127.0.0.1:\(fake.port)"))
        settings.bindConnections = 1
        let dialer = LDAPDialer(settings: settings, poller: rig.poller, pool: rig.pool, resolver: .shared)
        let connections = HostConnections(dialer: dialer, logger: rig.logger, events: nil)
        await connections.plantGhost()
        let lease = try await connections.lease(deadline: .after(20))
        _ = try await lease.simpleBind(dn: dn, password: Secret("x"), controls: [], deadline: .after(20))
        await connections.giveBack(lease)
        #expect(await connections.statistics.bindOpen == 1)
        await connections.shutdown()
    }

    @Test func aRetryIsNotSpentOnAServerThatIsAway() async throws {
        let fake = try TCPFake.start(.silent)
        let url = try LDAPURL("ldap://127.0.0.1:\(fake.port)")
        fake.stop()
        let secret = Secret("x")
        let refusals = ServiceRefusals()
        let fingerprint = PreparedIdentity.fingerprint(secret)
        // Refused ten seconds ago: the retry after 5 s is due.
        _ = refusals.refused(
            dn: "cn=service",
            fingerprint: fingerprint,
            host: url,
            said: "49",
            code: .invalidCredentials,
            now: .now - .seconds(10)
        )
        let rig = try Rig()
        let settings = LDAPHostSettings(
            url: url,
            connectTimeout: .seconds(20),
            serviceIdentities: [.simple(dn: "cn=service", credential: { secret })]
        )
        let host = LDAPHost(
            settings: settings,
            poller: rig.poller,
            pool: rig.pool,
            logger: rig.logger,
            refusals: refusals
        )
        let error = await failure { () async throws(LDAPError) in try await host.search(root, deadline: .after(20)) }
        #expect(error?.code == .connect)
        #expect(await host.statistics.dials == 1)
        #expect(refusals.verdict(dn: "cn=service", fingerprint: fingerprint, host: url) == .mayTry)
        // Now it is taken, and nobody connects for an account that may not be tried.
        let second = await failure { () async throws(LDAPError) in try await host.renewService() }
        #expect(second?.code == .serviceBind)
        let now = await host.statistics
        #expect(now.dials == 1 && now.dialFailures == 1)
        await host.shutdown()
    }

    @Test func aConnectionThatWasRetiredIsNoLoss() async throws {
        let slapd = try await Slapd.start()
        let rig = try Rig()
        var settings = LDAPHostSettings(url: try LDAPURL(slapd.url), connectTimeout: .seconds(20))
        settings.useServiceAccount(of: slapd)
        let told = LossCount()
        let host = LDAPHost(settings: settings, poller: rig.poller, pool: rig.pool, logger: rig.logger) { event in
            if case .lost = event { told.add() }
        }
        _ = try await host.search(root, deadline: .after(20))
        try await host.renewService()
        #expect(await eventually { await host.statistics.serviceOpen == 1 })
        _ = try await host.search(root, deadline: .after(20))
        #expect(await host.statistics.losses == 0 && told.count == 0)
        await host.shutdown()
        await slapd.stop()
    }

    private final class LossCount: Sendable {
        private let value = Atomic(0)

        var count: Int { value.load(ordering: .relaxed) }

        func add() { value.add(1, ordering: .relaxed) }
    }

    /// The answer to a request comes with the very look at the socket that wrote its end: whoever waits behind it is sent
    /// then, for nothing else need ever happen on that socket.
    @Test func whoWaitsBehindALargeRequestIsSentWhenItIsThrough() async throws {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        let peer = ends[1]
        defer { close(peer) }
        let rig = try Rig()
        let url = try LDAPURL("ldapi://%2Ftmp%2Fnone")
        let handle = try LDAPHandle(
            adopting: OpenDescriptor(ends[0]),
            url: url,
            tls: nil,
            maximumMessageBytes: 1 << 24
        )
        let connection = LDAPConnection(id: 1, place: "pair", handle: handle, poller: rig.poller)
        try await connection.begin()
        // Half as much again as the socket takes at once.
        let large = SearchRequest(
            base: "",
            scope: .base,
            filter: .equal(attribute: "cn", value: [UInt8](repeating: UInt8(ascii: "x"), count: 300_000))
        )
        func search(_ request: SearchRequest) -> Task<LDAPError?, Never> {
            Task {
                await failure { () async throws(LDAPError) in
                    try await connection.search(request, deadline: .after(10), maximumBytes: 1 << 20)
                }
            }
        }
        let first = search(large)
        #expect(await eventually { await connection.inFlight == 1 })
        let second = search(root)
        #expect(await eventually { await connection.inFlight == 2 })
        let flag = Flag()
        let blocked = Task { await connection.block(until: flag) }
        #expect(await eventually { flag.hasBegun })
        // While the poller looks away the server reads what there is, and answers the first before it has all of it.
        let begun = Self.readAll(peer)
        #expect(begun.count < Self.length(begun))
        let answer = LDAPReply.searchDone(to: begun)
        #expect(unsafe write(peer, answer, answer.count) == answer.count)
        flag.set()
        await blocked.value
        #expect(await first.value == nil)
        var rest: [UInt8] = []
        let arrived = await eventually {
            rest += Self.readAll(peer)
            return begun.count + rest.count > Self.length(begun)
        }
        #expect(arrived)
        second.cancel()
        _ = await second.value
        await connection.close(connection.gone("end of the test"))
    }

    /// How long the whole message is, by its first octets.
    private static func length(_ message: [UInt8]) -> Int {
        guard message.count > 6, message[1] >= 0x80 else { return 0 }
        let count = Int(message[1] & 0x7F)
        return 2 + count + message[2..<(2 + count)].reduce(0) { $0 << 8 | Int($1) }
    }

    private static func readAll(_ descriptor: Int32) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return all }
            all += buffer[..<count]
        }
    }
}
