import EventPoller
import TestSupport
import Testing

@testable import LDAPClient

@Suite struct TCPConnectorTests {
    private func address(_ host: String, _ port: Int) throws -> SocketAddress {
        try #require(try NameResolver.systemLookup(host).get().first).with(port: port)
    }

    @Test func theNextAddressHelps() async throws {
        let poller = try EventPoller()
        let good = try TCPFake.start(.silent)
        let closed = try freePort()
        let addresses = [try address("127.0.0.1", closed), try address("127.0.0.1", good.port)]
        let connected = try await TCPConnector(poller: poller, addresses: addresses).connect(deadline: .after(5))
        #expect(connected.address == addresses[1])
        #expect(connected.socket.raw != nil)
    }

    @Test func silenceIsNotWaitedOut() async throws {
        let poller = try EventPoller()
        let good = try TCPFake.start(.silent)
        let hole = try TCPFake.start(.blackHole)
        let addresses = [try address("127.0.0.1", hole.port), try address("127.0.0.1", good.port)]
        let begun = ContinuousClock.now
        let connected = try await TCPConnector(poller: poller, addresses: addresses).connect(deadline: .after(60))
        #expect(connected.address == addresses[1])
        #expect(ContinuousClock.now - begun < .seconds(30))
    }

    @Test func theErrorNamesEveryAddress() async throws {
        let poller = try EventPoller()
        let ports = [try freePort(), try freePort()]
        let addresses = try ports.map { try address("127.0.0.1", $0) }
        let error = await failure { () async throws(LDAPError) in
            try await TCPConnector(poller: poller, addresses: addresses).connect(deadline: .after(5))
        }
        #expect(error?.code == .connect)
        for port in ports { #expect(error?.message.contains("127.0.0.1:\(port): Connection refused") == true) }
    }

    @Test func aDeadlineEndsIt() async throws {
        let hole = try TCPFake.start(.blackHole)
        let connector = TCPConnector(poller: try EventPoller(), addresses: [try address("127.0.0.1", hole.port)])
        let error = await failure { () async throws(LDAPError) in try await connector.connect(deadline: .after(0.1)) }
        #expect(error?.code == .connect)
        #expect(error?.message.contains("no answer in time") == true)
    }

    @Test func aCancelledTaskIsNotKept() async throws {
        let hole = try TCPFake.start(.blackHole)
        let connector = TCPConnector(poller: try EventPoller(), addresses: [try address("127.0.0.1", hole.port)])
        let task = Task {
            await failure { () async throws(LDAPError) in try await connector.connect(deadline: .after(60)) }
        }
        try await Task.sleep(for: .milliseconds(30))
        task.cancel()
        #expect(await task.value?.code == .cancelled)
    }
}
