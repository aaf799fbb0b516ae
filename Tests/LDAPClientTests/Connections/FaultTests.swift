import LDAPClient
import TestSupport
import Testing

/// A peer that misbehaves, and what a bind to it must end with.
struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    let behaviour: TCPFake.Behaviour
    var scheme = "ldap"
    var startTLS = false
    let codes: Set<LDAPError.Code>
    let isWritten: Bool

    var testDescription: String { name }

    static let all: [Fault] = [
        Fault(name: "connect hangs", behaviour: .blackHole, codes: [.connect], isWritten: false),
        Fault(name: "never answers", behaviour: .silent, codes: [.timeout], isWritten: true),
        Fault(
            name: "drips a byte a second",
            behaviour: .script([.readMessage, .dripReply(every: .seconds(1)) { LDAPReply.bind(to: $0) }]),
            codes: [.timeout],
            isWritten: true
        ),
        Fault(
            name: "resets in the midst of a message",
            behaviour: .script([.readMessage, .reply { Array(LDAPReply.bind(to: $0).prefix(7)) }, .reset]),
            codes: [.connectionLost],
            isWritten: true
        ),
        Fault(
            name: "closes in the midst of a message",
            behaviour: .script([.readMessage, .reply { Array(LDAPReply.bind(to: $0).prefix(7)) }, .close]),
            codes: [.connectionLost],
            isWritten: true
        ),
        Fault(name: "closes at once", behaviour: .script([.close]), codes: [.connectionLost], isWritten: false),
        Fault(
            name: "closes after the bind",
            behaviour: .script([.readMessage, .close]),
            codes: [.connectionLost],
            isWritten: true
        ),
        Fault(
            name: "answers with garbage",
            behaviour: .script([.readMessage, .send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))]),
            codes: [.connectionLost, .timeout],
            isWritten: true
        ),
        Fault(
            name: "sends random octets",
            behaviour: .script([
                .readMessage, .send((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }),
            ]),
            codes: [.connectionLost, .timeout],
            isWritten: true
        ),
        Fault(
            name: "announces 2 GiB",
            behaviour: .script([.readMessage, .send([0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, 0x02])]),
            codes: [.connectionLost],
            isWritten: true
        ),
        Fault(
            name: "announces nothing",
            behaviour: .script([.readMessage, .send([0x30, 0x00, 0x30, 0x00])]),
            codes: [.connectionLost],
            isWritten: true
        ),
        Fault(
            name: "a length of nine octets",
            behaviour: .script([.readMessage, .send([0x30, 0x89] + [UInt8](repeating: 1, count: 20))]),
            codes: [.connectionLost],
            isWritten: true
        ),
        Fault(
            name: "a result that cannot be decoded",
            behaviour: .script([
                .readMessage,
                .reply { LDAPReply.message(to: $0, operation: LDAPReply.element(0x61, [0x0A, 0x05, 0x01])) },
            ]),
            codes: [.connectionLost],
            isWritten: true
        ),
        Fault(
            name: "an answer of another kind",
            behaviour: .script([.readMessage, .reply { LDAPReply.searchDone(to: $0) }]),
            codes: [.connectionLost],
            isWritten: true
        ),
        Fault(
            name: "an answer to another request",
            behaviour: .script([
                .readMessage, .reply { _ in LDAPReply.bind(to: [0x30, 0x05, 0x02, 0x01, 0x63, 0x60, 0x00]) },
            ]),
            codes: [.timeout],
            isWritten: true
        ),
        Fault(
            name: "says it disconnects",
            behaviour: .script([.readMessage, .send(notice(of: 52))]),
            codes: [.connectionLost],
            isWritten: true
        ),
        Fault(name: "accepts TLS and is silent", behaviour: .silent, scheme: "ldaps", codes: [.tls], isWritten: false),
        Fault(
            name: "speaks no TLS",
            behaviour: .script([.read, .send(Array("-ERR what?\r\n".utf8))]),
            scheme: "ldaps",
            codes: [.tls],
            isWritten: false
        ),
        Fault(
            name: "hangs up in the handshake",
            behaviour: .script([.read, .reset]),
            scheme: "ldaps",
            codes: [.tls],
            isWritten: false
        ),
        Fault(name: "is silent to StartTLS", behaviour: .silent, startTLS: true, codes: [.tls], isWritten: false),
        Fault(
            name: "refuses StartTLS",
            behaviour: .script([.readMessage, .reply { LDAPReply.extended(to: $0, resultCode: 2) }]),
            startTLS: true,
            codes: [.tls],
            isWritten: false
        ),
        Fault(
            name: "agrees to StartTLS and is silent",
            behaviour: .script([.readMessage, .reply { LDAPReply.extended(to: $0) }]),
            startTLS: true,
            codes: [.tls],
            isWritten: false
        ),
    ]

    /// A notice of disconnection (RFC 4511 §4.4.1).
    static func notice(of code: UInt8) -> [UInt8] {
        let name = LDAPReply.element(0x8A, Array("1.3.6.1.4.1.1466.20036".utf8))
        let result = LDAPReply.element(0x0A, [code]) + [0x04, 0x00] + LDAPReply.element(0x04, Array("going down".utf8))
        return LDAPReply.message(to: [], operation: LDAPReply.element(0x78, result + name))
    }

    func host(_ rig: Rig, _ port: Int, timeout: Duration) throws -> LDAPHost {
        try rig.host("\(scheme)://127.0.0.1:\(port)", connectTimeout: timeout, operationTimeout: timeout) {
            $0.startTLS = startTLS
        }
    }
}

@Suite(.serialized) struct FaultTests {
    private static let dn = SampleDirectory().dn(of: "alice")

    @Test(arguments: Fault.all) func aBindEndsWithTheRightError(fault: Fault) async throws {
        let fake = try TCPFake.start(fault.behaviour)
        let host = try fault.host(
            try Rig(),
            fake.port,
            timeout: fault.codes == [.connectionLost] ? .seconds(8) : .milliseconds(1_500)
        )
        let begun = ContinuousClock.now
        let error = try #require(
            await failure { () async throws(LDAPError) in
                try await host.bind(dn: Self.dn, password: Secret("x"), deadline: .after(20))
            }
        )
        #expect(ContinuousClock.now - begun < .seconds(15))
        #expect(fault.codes.contains(error.code), "\(error.code): \(error)")
        // "Closes at once" may be noticed before or after the write; a bind nobody read is no bind either way.
        if fault.name != "closes at once" { #expect(error.requestWasWritten == fault.isWritten, "\(error)") }
        #expect(error.message.contains("127.0.0.1:\(fake.port)"))
        #expect(!error.message.contains("alice"))
        #expect(await eventually { await host.statistics.bindOpen == 0 })
        await host.shutdown()
    }

    @Test func nobodyElseSuffers() async throws {
        // Four threads for everybody, and three of the victims are silent in the handshake.
        let rig = try Rig(threads: 4)
        let authority = try await CertificateAuthority.make()
        var options = Slapd.Options()
        options.ldaps = true
        options.tls = Slapd.TLS(certificate: try await authority.issue(), clientCAFile: authority.certificateFile)
        let slapd = try await Slapd.start(options)
        let good = try [slapd.url, slapd.ldapsURL].map { url in
            try rig.host(url) {
                $0.useServiceAccount(of: slapd)
                $0.tls.caFile = authority.certificateFile
            }
        }
        let faults = try Fault.all.map { ($0, try TCPFake.start($0.behaviour)) }
        let victims = try faults.map { try $0.host(rig, $1.port, timeout: .seconds(8)) }

        await withDiscardingTaskGroup { group in
            for victim in victims {
                for _ in 0..<4 {
                    group.addTask { await Self.use(victim, until: .after(11)) }
                }
            }
            for host in good {
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(200))
                    // Whoever waited for a victim would have waited for its timeout.
                    #expect(await Self.slowestLogin(on: host, rounds: 60) < .seconds(6))
                }
            }
        }
        for host in victims + good { await host.shutdown() }
    }

    private static func use(_ victim: LDAPHost, until deadline: ContinuousClock.Instant) async {
        _ = await failure { () async throws(LDAPError) in
            try await victim.bind(dn: Self.dn, password: Secret("x"), deadline: deadline)
        }
        _ = await failure { () async throws(LDAPError) in
            try await victim.search(SearchRequest(base: Self.dn, scope: .base), deadline: deadline)
        }
    }

    private static func slowestLogin(on host: LDAPHost, rounds: Int) async -> Duration {
        var slowest = Duration.zero
        for _ in 0..<rounds {
            let begun = ContinuousClock.now
            let answer = try? await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
            let found = try? await host.search(SearchRequest(base: dn, scope: .base), deadline: .after(20))
            slowest = max(slowest, ContinuousClock.now - begun - LostTime.since(begun))
            #expect(answer?.resultCode == .success)
            #expect(found?.entries.count == 1)
            try? await Task.sleep(for: .milliseconds(20))
        }
        return slowest
    }

    @Test func aFrozenServerIsATimeoutAndForgotten() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url, connectTimeout: .seconds(5), operationTimeout: .seconds(3))
        #expect(
            try await host.bind(dn: Self.dn, password: Secret("alice-secret"), deadline: .after(20)).resultCode
                == .success
        )
        _ = try await host.search(SearchRequest(base: "", scope: .base), deadline: .after(20))
        slapd.pause()
        let bind = await failure { () async throws(LDAPError) in
            try await host.bind(dn: Self.dn, password: Secret("alice-secret"), deadline: .after(20))
        }
        #expect(bind?.code == .timeout)
        #expect(bind?.requestWasWritten == true)
        let search = await failure { () async throws(LDAPError) in
            try await host.search(SearchRequest(base: "", scope: .base), deadline: .after(20))
        }
        #expect(search?.code == .timeout)
        // Nobody knows what is at the other end: neither connection is used again.
        #expect(await eventually { await host.statistics.bindOpen == 0 })
        #expect(await host.statistics.serviceOpen == 0)
        slapd.resume()
        #expect(
            try await host.bind(dn: Self.dn, password: Secret("alice-secret"), deadline: .after(20)).resultCode
                == .success
        )
        #expect(try await host.search(SearchRequest(base: "", scope: .base), deadline: .after(20)).entries.count == 1)
        await host.shutdown()
    }
}
