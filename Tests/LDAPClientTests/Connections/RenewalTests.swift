import LDAPClient
import Synchronization
import TestSupport
import Testing

/// Probes, hosts that are given up, and service connections made anew.
@Suite struct RenewalTests {
    private let dn = SampleDirectory().dn(of: "alice")
    private let root = SearchRequest(base: "", scope: .base)

    @Test func aProbeNeedsNoAccount() async throws {
        var options = Slapd.Options()
        // No anonymous request is served: a refusal is an answer all the same.
        options.globalLines = ["require authc"]
        let slapd = try await Slapd.start(options)
        let host = try Rig().host(slapd.url) { $0.useServiceAccount(of: slapd, password: "wrong") }
        try await host.probe(deadline: .after(20))
        #expect(slapd.bindRequests() == 0)
        await slapd.stop()
        let error = await failure { () async throws(LDAPError) in try await host.probe(deadline: .after(20)) }
        #expect(error?.code == .connect)
        await host.shutdown()
    }

    @Test(arguments: [(UInt8(0), true), (1, true), (50, true), (32, true), (51, false), (52, false)])
    func whatAnAnswerToAProbeMeans(code: UInt8, isAlive: Bool) async throws {
        let fake = try TCPFake.start(
            .script([.readMessage, .reply { LDAPReply.searchDone(to: $0, resultCode: code) }])
        )
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)")
        let error = await failure { () async throws(LDAPError) in try await host.probe(deadline: .after(20)) }
        #expect((error == nil) == isAlive)
        #expect(await eventually { fake.openConnections == 0 })
        await host.shutdown()
    }

    @Test func whoWaitsForAHostGivenUpIsSentAway() async throws {
        let fake = try TCPFake.start(.blackHole)
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)", connectTimeout: .seconds(30))
        let waiting = Task {
            await failure { () async throws(LDAPError) in
                try await host.bind(dn: dn, password: Secret("x"), deadline: .after(30))
            }
        }
        #expect(await eventually { await host.statistics.bindWaiting == 1 })
        let begun = ContinuousClock.now
        await host.giveUp("it is down")
        let error = await waiting.value
        #expect(error?.code == .connect && error?.requestWasWritten == false)
        #expect(error?.message.contains("it is down") == true)
        #expect(ContinuousClock.now - begun < .seconds(5))
        await host.shutdown()
    }

    @Test func aHostGivenUpIsConnectedToAfresh() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url)
        func use() async throws {
            _ = try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
            _ = try await host.search(root, deadline: .after(20))
        }
        try await use()
        #expect(await host.statistics.dials == 2)
        await host.giveUp("test")
        let now = await host.statistics
        #expect(now.bindOpen == 0 && now.serviceOpen == 0 && now.losses == 0)
        try await use()
        #expect(await host.statistics.dials == 4)
        await host.shutdown()
    }

    @Test func whoStartsAfreshDoesNotWaitForTheConnectionsOfBefore() async throws {
        let answer = TCPFake.Step.reply { LDAPReply.searchDone(to: $0) }
        // The first connection answers once and is then forgotten by a firewall, with a search on its way.
        let fake = try TCPFake.start(
            .perConnection { number in
                number == 0
                    ? [.readMessage, answer] : Array(repeating: [.readMessage, answer], count: 5).flatMap { $0 }
            }
        )
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)", operationTimeout: .seconds(15)) {
            $0.serviceConnections = 1
        }
        _ = try await host.search(root, deadline: .after(20))
        let hanging = Task {
            await failure { () async throws(LDAPError) in try await host.search(root, deadline: .after(3)) }
        }
        #expect(await eventually { await host.statistics.serviceInFlight == 1 })
        await host.startAfresh()
        let begun = ContinuousClock.now
        _ = try await host.search(root, deadline: .after(10))
        #expect(ContinuousClock.now - begun < .seconds(2.5) + LostTime.since(begun))
        #expect(await hanging.value?.code == .timeout)
        #expect(await host.statistics.dials == 2)
        await host.shutdown()
    }

    @Test func whoWaitsToPageBehindASilentSearchGoesElsewhere() async throws {
        let answer = TCPFake.Step.reply { LDAPReply.searchDone(to: $0) }
        let fake = try TCPFake.start(.perConnection { $0 == 0 ? [.readMessage] : [.readMessage, answer] })
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)", operationTimeout: .seconds(30)) {
            $0.serviceConnections = 1
        }
        var paged = root
        paged.pageSize = 10
        let request = paged
        func search(by deadline: ContinuousClock.Instant) -> Task<LDAPError?, Never> {
            Task { await failure { () async throws(LDAPError) in try await host.search(request, deadline: deadline) } }
        }
        let hanging = search(by: .after(8))
        #expect(await eventually { fake.received.count > 10 })
        // Pages of two searches never share a connection (RFC 2696 §3), and there is one connection.
        let begun = ContinuousClock.now
        let waiting = search(by: .after(40))
        #expect(await hanging.value?.code == .timeout)
        #expect(await waiting.value == nil)
        #expect(ContinuousClock.now - begun < .seconds(20) + LostTime.since(begun))
        #expect(await host.statistics.dials == 2)
        await host.shutdown()
    }

    @Test func whoStartsAfreshDoesNotWaitForAConnectionOnItsWay() async throws {
        // The first connection came about while nobody was there: its service bind is never answered.
        let answers = [
            TCPFake.Step.readMessage, .reply { LDAPReply.bind(to: $0) }, .readMessage,
            .reply { LDAPReply.searchDone(to: $0) },
        ]
        let fake = try TCPFake.start(.perConnection { $0 == 0 ? [.readMessage] : answers })
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)", operationTimeout: .seconds(15)) {
            $0.serviceIdentities = [.simple(dn: "cn=service", credential: { Secret("x") })]
        }
        let waiting = Task {
            await failure { () async throws(LDAPError) in try await host.search(root, deadline: .after(12)) }
        }
        #expect(await eventually { await host.statistics.serviceWaiting == 1 && fake.received.count > 10 })
        let begun = ContinuousClock.now
        await host.startAfresh()
        #expect(await waiting.value == nil)
        #expect(ContinuousClock.now - begun < .seconds(5))
        let now = await host.statistics
        #expect(now.dials == 2 && now.dialFailures == 0 && now.serviceOpen == 1 && fake.connections == 2)
        // The one given up is closed.
        #expect(await eventually { fake.openConnections == 1 })
        await host.shutdown()
    }

    @Test func whatWasIdleBesideASilentBindIsNotTrusted() async throws {
        // Two connections serve a bind each. Then a firewall forgets them both: nothing comes back, no error either.
        let answer = TCPFake.Step.reply { LDAPReply.bind(to: $0) }
        let fake = try TCPFake.start(
            .perConnection { number in
                number < 2
                    ? [.readMessage, answer] : Array(repeating: [.readMessage, answer], count: 5).flatMap { $0 }
            }
        )
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)", operationTimeout: .seconds(3))
        @Sendable func bind() async -> LDAPError? {
            await failure { () async throws(LDAPError) in
                try await host.bind(dn: dn, password: Secret("x"), deadline: .after(20))
            }
        }
        // The second while the first connection is lent out, so that it needs one of its own.
        let second = try await host.withBindConnection(deadline: .after(20)) { lease throws(LDAPError) in
            _ = try await lease.simpleBind(dn: dn, password: Secret("x"), controls: [], deadline: .after(20))
            return await bind()
        }
        #expect(second == nil)
        #expect(await host.statistics.bindIdle == 2)
        // The first is lost to a timeout, the other is asked first and found dead: no second login is.
        #expect(await bind()?.code == .timeout)
        for _ in 0..<3 { #expect(await bind() == nil) }
        #expect(fake.connections == 3)
        await host.shutdown()
    }

    @Test func aChangedPasswordIsPutToUse() async throws {
        let slapd = try await Slapd.start()
        let password = Mutex(Secret(slapd.servicePassword))
        let host = try Rig().host(slapd.url) {
            $0.serviceIdentities = [.simple(dn: slapd.serviceDN, credential: { password.withLock { $0 } })]
        }
        let before = await host.servicePasswords(deadline: .after(20))
        _ = try await host.search(root, deadline: .after(20))
        #expect(await host.servicePasswords(deadline: .after(20)) == before)
        password.withLock { $0 = Secret("wrong") }
        #expect(await host.servicePasswords(deadline: .after(20)) != before)
        let error = await failure { () async throws(LDAPError) in try await host.renewService() }
        #expect(error?.code == .serviceBind && error?.resultCode == .invalidCredentials)
        // What was there still works, and nobody tries the wrong one again.
        for _ in 0..<10 {
            #expect(await failure { () async throws(LDAPError) in try await host.renewService() }?.code == .serviceBind)
            _ = try await host.search(root, deadline: .after(20))
        }
        #expect(slapd.bindRequests(dn: slapd.serviceDN) == 2)
        password.withLock { $0 = Secret(slapd.servicePassword) }
        try await host.renewService()
        #expect(slapd.bindRequests(dn: slapd.serviceDN) == 3)
        #expect(await eventually { await host.statistics.serviceOpen == 1 })
        _ = try await host.search(root, deadline: .after(20))
        await host.shutdown()
    }

    @Test func whoIsRefusedIsTold() async throws {
        let slapd = try await Slapd.start()
        let told = Mutex<[String]>([])
        let (wrong, right) = (Secret("wrong"), Secret(slapd.servicePassword))
        var settings = LDAPHostSettings(url: try LDAPURL(slapd.url))
        settings.serviceIdentities = [
            .simple(dn: slapd.adminDN, credential: { wrong }), .simple(dn: slapd.serviceDN, credential: { right }),
        ]
        let rig = try Rig()
        let host = LDAPHost(settings: settings, poller: rig.poller, pool: rig.pool, logger: rig.logger) { event in
            switch event {
            case .serviceRefused(let refusal):
                #expect(refusal.resultCode == .invalidCredentials && refusal.retryAfter == .seconds(5))
                told.withLock { $0.append("refused \(refusal.dn) \(refusal.position)") }
            case .serviceAccepted(let dn, let position): told.withLock { $0.append("accepted \(dn) \(position)") }
            default: break
            }
        }
        for _ in 0..<2 {
            _ = try await host.search(root, deadline: .after(20))
            await host.giveUp("test")
        }
        // The second connect does not ask the first account again.
        let expected = ["refused \(slapd.adminDN) 0", "accepted \(slapd.serviceDN) 1", "accepted \(slapd.serviceDN) 1"]
        #expect(told.withLock { $0 } == expected)
        #expect(slapd.bindRequests(dn: slapd.adminDN) == 1)
        await host.shutdown()
    }
}
