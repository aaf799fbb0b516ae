import LDAPClient
import TestSupport
import Testing

/// What happens to searches and binds when connections come and go.
@Suite struct RecoveryTests {
    private let dn = SampleDirectory().dn(of: "alice")
    private let root = SearchRequest(base: "", scope: .base)

    @Test func aSearchIsTriedOnceMoreOnAFreshConnection() async throws {
        let fake = try TCPFake.start(
            .perConnection { number in
                number == 0
                    ? [.readMessage, .reset]
                    : [.readMessage, .reply { LDAPReply.entry(to: $0, dn: "cn=x") + LDAPReply.searchDone(to: $0) }]
            }
        )
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)")
        #expect(try await host.search(root, deadline: .after(20)).entries.map(\.dn) == ["cn=x"])
        #expect(fake.connections == 2)
        #expect(await host.statistics.losses == 1)
        await host.shutdown()
    }

    @Test func butNotTwice() async throws {
        let fake = try TCPFake.start(.script([.readMessage, .reset]))
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)")
        let error = await failure { () async throws(LDAPError) in try await host.search(root, deadline: .after(20)) }
        #expect(error?.code == .connectionLost)
        #expect(error?.requestWasWritten == true)
        #expect(fake.connections == 2)
        await host.shutdown()
    }

    @Test func aBindIsNeverWrittenTwice() async throws {
        let fake = try TCPFake.start(.script([.readMessage, .close]))
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)")
        for _ in 0..<5 {
            let error = await failure { () async throws(LDAPError) in
                try await host.bind(dn: dn, password: Secret("x"), deadline: .after(20))
            }
            #expect(error?.requestWasWritten == true)
        }
        // One connection, so one bind, for each call.
        #expect(fake.connections == 5)
        await host.shutdown()
    }

    @Test func aConnectionClosedBetweenLoginsIsReplacedSilently() async throws {
        // Each connection serves one bind and is closed by the server right after.
        let fake = try TCPFake.start(.script([.readMessage, .reply { LDAPReply.bind(to: $0) }, .close]))
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)")
        for round in 0..<40 {
            // A bind written before the end of the stream arrives is lost and must be an error, not a second bind: wait.
            #expect(await eventually { await host.statistics.bindOpen == 0 })
            let response = try await host.bind(dn: dn, password: Secret("x"), deadline: .after(20))
            #expect(response.resultCode == .success, "\(round)")
        }
        #expect(fake.connections == 40)
        await host.shutdown()
    }

    @Test func aConnectionThatIsClosedWhenItIsTakenIsNoSecondBind() async throws {
        // As above without the wait: the end of the stream is found before the write, or the bind is an error.
        let fake = try TCPFake.start(.script([.readMessage, .reply { LDAPReply.bind(to: $0) }, .close]))
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)")
        for _ in 0..<40 {
            _ = await eventually { fake.openConnections == 0 }
            let error = await failure { () async throws(LDAPError) in
                try await host.bind(dn: dn, password: Secret("x"), deadline: .after(20))
            }
            #expect(error == nil || error?.requestWasWritten == true)
        }
        await host.shutdown()
    }

    @Test func aRestartedServerIsUsedAgain() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url)
        for _ in 0..<2 {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        let answer = try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
                        #expect(answer.resultCode == .success)
                        #expect(try await host.search(root, deadline: .after(20)).entries.count == 1)
                    }
                }
                try await group.waitForAll()
            }
            try await slapd.restart()
        }
        let answer = try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
        #expect(answer.resultCode == .success)
        await host.shutdown()
    }

    @Test func aServerThatIsDownIsToldAtOnce() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url)
        _ = try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
        await slapd.stop()
        #expect(await eventually { await host.statistics.bindOpen == 0 })
        let error = await failure { () async throws(LDAPError) in
            try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
        }
        #expect(error?.code == .connect)
        #expect(error?.requestWasWritten == false)
        #expect(error?.message.contains("Connection refused") == true)
        await host.shutdown()
    }

    @Test func whatIsIdleTooLongIsClosed() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url) { $0.idleTimeout = .milliseconds(200) }
        _ = try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
        _ = try await host.search(root, deadline: .after(20))
        #expect(await host.statistics.dials >= 2)
        #expect(
            await eventually {
                let now = await host.statistics
                return now.bindOpen == 0 && now.serviceOpen == 0
            }
        )
        _ = try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
        await host.shutdown()
    }

    @Test func whatTheServerClosesWhileIdleIsDropped() async throws {
        var options = Slapd.Options()
        options.globalLines = ["idletimeout 3"]
        let slapd = try await Slapd.start(options)
        let host = try Rig().host(slapd.url)
        _ = try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
        #expect(await eventually { await host.statistics.bindOpen == 0 })
        #expect(await host.statistics.losses >= 1)
        #expect(
            try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20)).resultCode == .success
        )
        await host.shutdown()
    }

    @Test func anOldConnectionIsProbedFirst() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url) { $0.probeAfter = .milliseconds(50) }
        _ = try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
        let before = slapd.searchRequests(containing: "base=\"\"")
        try await Task.sleep(for: .milliseconds(120))
        _ = try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
        #expect(await host.statistics.dials == 1)
        #expect(await eventually { slapd.searchRequests(containing: "base=\"\"") == before + 1 })
        await host.shutdown()
    }

    @Test func aConnectionThatFailsItsProbeCostsNoLogin() async throws {
        // The first connection goes dead behind a firewall after its bind: nothing comes back any more, no error either.
        let answer = TCPFake.Step.reply { LDAPReply.bind(to: $0) }
        let fake = try TCPFake.start(.script([.readMessage, answer]))
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)", operationTimeout: .seconds(2)) {
            $0.probeAfter = .milliseconds(400)
        }
        for round in 1...2 {
            let response = try await host.bind(dn: dn, password: Secret("x"), deadline: .after(20))
            #expect(response.resultCode == .success)
            #expect(fake.connections == round)
            try await Task.sleep(for: .milliseconds(600))
        }
        await host.shutdown()
    }

    @Test func aDeadServiceConnectionIsProbedAndReplaced() async throws {
        let answer = TCPFake.Step.reply { LDAPReply.entry(to: $0, dn: "cn=x") + LDAPReply.searchDone(to: $0) }
        let fake = try TCPFake.start(.script([.readMessage, answer]))
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)", operationTimeout: .seconds(2)) {
            $0.probeAfter = .milliseconds(400)
        }
        for round in 1...2 {
            #expect(try await host.search(root, deadline: .after(20)).entries.count == 1)
            #expect(fake.connections == round)
            try await Task.sleep(for: .milliseconds(600))
        }
        await host.shutdown()
    }
}
