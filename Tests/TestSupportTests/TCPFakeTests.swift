import Glibc
import TestSupport
import Testing

@Suite struct TCPFakeTests {
    private func ldapsearch(_ port: Int, seconds: Int = 30) async throws -> (ChildProcess.Outcome, Duration) {
        let start = ContinuousClock.now
        let outcome = try await ChildProcess.run(
            "timeout",
            ["\(seconds)", "ldapsearch", "-x", "-H", "ldap://127.0.0.1:\(port)", "-b", "", "-s", "base"]
        )
        return (outcome, ContinuousClock.now - start)
    }

    @Test func silentServerTakesTheRequestAndSaysNothing() async throws {
        let fake = try TCPFake.start(.silent)
        #expect(try await ldapsearch(fake.port, seconds: 5).0.exit == .code(124))
        #expect(fake.connections == 1)
        #expect(LDAPReply.operation(of: fake.received) == 0x60)
        #expect(await eventually { fake.openConnections == 0 })
    }

    @Test func scriptedAnswersAreUnderstood() async throws {
        let fake = try TCPFake.start(
            .script([
                .readMessage, .reply { LDAPReply.bind(to: $0) },
                .readMessage,
                .reply {
                    LDAPReply.entry(to: $0, dn: "cn=x", attributes: [("cn", ["x", "y"])]) + LDAPReply.searchDone(to: $0)
                },
            ])
        )
        let (outcome, _) = try await ldapsearch(fake.port)
        #expect(outcome.output.contains("cn: y"), "\(outcome.errorOutput)")
    }

    @Test func drippingTakesItsTime() async throws {
        let fake = try TCPFake.start(
            .script([.readMessage, .dripReply(every: .milliseconds(50)) { LDAPReply.bind(to: $0, resultCode: 49) }])
        )
        let (outcome, duration) = try await ldapsearch(fake.port)
        #expect(outcome.exit == .code(49))
        #expect(duration > .milliseconds(300))
    }

    @Test func resetAndGarbageEndAClient() async throws {
        let reset = try TCPFake.start(.script([.readMessage, .send([0x30, 0x20]), .reset]))
        #expect(try await ldapsearch(reset.port).0.errorOutput.contains("Can't contact"))
        let garbage = try TCPFake.start(
            .script([.read, .send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)), .close])
        )
        #expect(try await ldapsearch(garbage.port).0.errorOutput.contains("Can't contact"))
    }

    @Test func blackHoleAnswersNoConnect() async throws {
        let fake = try TCPFake.start(.blackHole)
        let (outcome, _) = try await ldapsearch(fake.port, seconds: 1)
        #expect(outcome.exit == .code(124))
        #expect(fake.connections == 0)
    }

    @Test func stopEndsOpenConnections() async throws {
        let fake = try TCPFake.start(.silent)
        let client = try ChildProcess.start("ldapsearch", ["-x", "-H", "ldap://127.0.0.1:\(fake.port)", "-b", ""])
        #expect(await eventually { fake.openConnections == 1 })
        fake.stop()
        #expect(try await client.wait(within: .seconds(5)) != .code(0))
        #expect(client.errorOutput.contains("Can't contact"))
    }
}
