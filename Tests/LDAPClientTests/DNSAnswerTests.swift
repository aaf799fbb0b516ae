import EventPoller
import TestSupport
import Testing

@testable import LDAPClient

/// SRV records from octets, and from a real name server.
@Suite struct DNSAnswerTests {
    /// `_ldap._tcp.x` asked, and an answer with a compressed owner name.
    static func message(_ records: [[UInt8]]) -> [UInt8] {
        let question: [UInt8] = name("_ldap", "_tcp", "x") + [0, 33, 0, 1]
        let head: [UInt8] = [0x12, 0x34, 0x81, 0x80, 0, 1, 0, UInt8(records.count), 0, 0, 0, 0]
        return head + question + records.flatMap { $0 }
    }

    static func name(_ labels: String...) -> [UInt8] {
        labels.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    static func srv(_ priority: UInt8, _ weight: UInt8, _ port: UInt16, _ target: [UInt8], type: UInt8 = 33) -> [UInt8]
    {
        let data: [UInt8] = [0, priority, 0, weight, UInt8(port >> 8), UInt8(port & 0xFF)] + target
        return [0xC0, 12, 0, type, 0, 1, 0, 0, 1, 44, 0, UInt8(data.count)] + data
    }

    @Test func recordsAreRead() throws {
        let octets = Self.message([
            Self.srv(10, 5, 636, Self.name("DC1", "x")), Self.srv(0, 0, 389, [0xC0, 23]),
            Self.srv(1, 1, 1, [0], type: 5),
            Self.srv(7, 7, 7, [0]),
        ])
        let answer = try #require(DNSAnswer(octets))
        #expect(
            answer.services == [
                .init(priority: 10, weight: 5, port: 636, target: "DC1.x", lifetime: 300),
                .init(priority: 0, weight: 0, port: 389, target: "x", lifetime: 300),
                .init(priority: 7, weight: 7, port: 7, target: "", lifetime: 300),
            ]
        )
        // A target of “.” is no host, nor is what could be taken for another part of a URL.
        for name in ["a/b", "a?b", "a%00", "user@a", "[::1]", "a:636"] {
            let answer = try #require(DNSAnswer(Self.message([Self.srv(0, 0, 389, Self.name(name))])))
            #expect(LDAPServiceRecords(answer).records.isEmpty, "\(name)")
        }
        #expect(LDAPServiceRecords(answer).records.map(\.host) == ["x", "dc1.x"])
    }

    @Test func whateverComesItEnds() {
        let good = Self.message([Self.srv(10, 5, 636, Self.name("dc1", "x")), Self.srv(0, 0, 389, [0xC0, 12])])
        for length in 0..<good.count { #expect(DNSAnswer(Array(good.prefix(length))) == nil) }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var octets = good
            for _ in 0..<Int.random(in: 1...4) {
                octets[Int.random(in: 0..<octets.count)] = UInt8.random(in: 0...255, using: &generator)
            }
            _ = DNSAnswer(octets)
        }
        // Pointers to themselves, forwards, and into the void.
        let here = Self.message([Self.srv(0, 0, 1, [0xC0, 0])]).count - 2
        for offset in [here, here + 1, 255] {
            #expect(DNSAnswer(Self.message([Self.srv(0, 0, 1, [0xC0, UInt8(offset)])])) == nil)
        }
        // A name that is none: a blank, a dot inside a label.
        for label in ["a b", "a.b", "a\0b"] {
            #expect(DNSAnswer(Self.message([Self.srv(0, 0, 1, Self.name(label))])) == nil)
        }
    }

    private func look(up name: String, _ dns: Dnsmasq) async throws(LDAPError) -> LDAPServiceRecords {
        let poller: EventPoller
        do { poller = try EventPoller() } catch { throw LDAPError(.invalidArgument, "\(error)") }
        return try await LDAPServiceRecords.look(
            up: name,
            serverPort: UInt16(dns.port),
            deadline: .after(20),
            on: poller
        )
    }

    @Test func aRealNameServerIsUnderstood() async throws {
        let many = (1...40).map { "srv-host=_many._tcp.corp.test,host\($0).a-rather-long-name.corp.test,389,\($0),1" }
        let dns = try await Dnsmasq.start(
            [
                "srv-host=_ldap._tcp.corp.test,dc2.corp.test,389,20,100",
                "srv-host=_ldap._tcp.corp.test,DC1.corp.test,389,10,60",
                "srv-host=_ldap._tcp.corp.test,dc3.corp.test,3268,10,40", "srv-host=_none._tcp.corp.test",
                "local-ttl=77",
                "host-record=only-an-address.corp.test,127.0.0.1",
            ] + many
        )
        let found = try await look(up: "_ldap._tcp.corp.test", dns)
        #expect(
            found.records == [
                .init(priority: 10, weight: 60, host: "dc1.corp.test", port: 389),
                .init(priority: 10, weight: 40, host: "dc3.corp.test", port: 3268),
                .init(priority: 20, weight: 100, host: "dc2.corp.test", port: 389),
            ]
        )
        #expect(found.lifetime == .seconds(77))
        // More than a datagram holds: over TCP.
        #expect(try await look(up: "_many._tcp.corp.test", dns).records.map(\.priority) == Array(1...40))
        // No such name, no such record, a service that is decidedly not there: answers all of them.
        for name in ["_ldap._tcp.nowhere.test", "only-an-address.corp.test", "_none._tcp.corp.test"] {
            #expect(try await look(up: name, dns).records == [], "\(name)")
        }
        dns.stop()
        let error = await failure { () async throws(LDAPError) in try await look(up: "_ldap._tcp.corp.test", dns) }
        #expect(error?.code == .nameResolution)
    }

    @Test func nobodyWaitsLongerThanTheDeadline() async throws {
        let poller = try EventPoller()
        let begun = ContinuousClock.now
        // Port 9 (discard): nobody there, or nobody who speaks DNS.
        let error = await failure { () async throws(LDAPError) in
            try await LDAPServiceRecords.look(up: "_ldap._tcp.x", serverPort: 9, deadline: .after(0.01), on: poller)
        }
        #expect(error?.code == .nameResolution)
        #expect(ContinuousClock.now - begun < .seconds(5))
    }
}
