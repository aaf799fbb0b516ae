import Authentication
import NIOHTTP1
import Testing

@testable import HTTPAPI

@Suite("Addresses, ranges and proxies")
struct AddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("::1", "::1"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("::", "::"), ("fe80::1:0:0:0", "fe80::1:0:0:0"),
        ("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"), ("64:ff9b::1", "64:ff9b::1"),
    ])
    func spelling(_ text: String, _ canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: ["", "1.2.3", "256.1.1.1", "1.2.3.4:80", "[::1]", "localhost", "::1%lo", "unknown", "1.2.3.4 "])
    func notAnAddress(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "8.8.8.8", true),
        ("0.0.0.0/0", "::1", false), ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false),
        ("192.0.2.7/31", "192.0.2.6", true), ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::1", false), ("::/0", "2001:db9::1", true), ("::1/128", "::1", true),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("::ffff:10.0.0.0/104", "10.1.2.3", true),
        ("::ffff:10.0.0.0/104", "11.1.2.3", false),
    ])
    func contains(_ range: String, _ address: String, _ expected: Bool) {
        #expect(AddressRange(range)?.contains(address) == expected)
    }

    @Test(arguments: [
        "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "/8", "::/129", "10.0.0/8", "10.0.0.0/8/8", "10.0.0.0/+8",
    ])
    func notARange(_ text: String) {
        #expect(AddressRange(text) == nil)
    }

    struct Walk: Sendable, CustomTestStringConvertible {
        var peer: String?
        var forwardedFor: [String] = []
        var proto: [String] = []
        var tls = false
        var address: String
        var secure = false
        var testDescription: String { "\(peer ?? "unix") \(forwardedFor) \(proto)" }
    }

    @Test(arguments: [
        Walk(peer: "203.0.113.9", forwardedFor: ["1.1.1.1"], proto: ["https"], address: "203.0.113.9"),
        Walk(peer: "203.0.113.9", tls: true, address: "203.0.113.9", secure: true),
        Walk(peer: "10.0.0.1", address: "10.0.0.1"),
        Walk(peer: "10.0.0.1", forwardedFor: ["198.51.100.1"], address: "198.51.100.1"),
        Walk(peer: "10.0.0.1", forwardedFor: ["1.1.1.1, 198.51.100.1"], address: "198.51.100.1"),
        Walk(peer: "10.0.0.1", forwardedFor: ["1.1.1.1, 198.51.100.1, 10.0.0.2"], address: "198.51.100.1"),
        Walk(peer: "10.0.0.1", forwardedFor: ["1.1.1.1", "198.51.100.1", "10.0.0.2"], address: "198.51.100.1"),
        Walk(peer: "10.0.0.1", forwardedFor: ["10.0.0.3, 10.0.0.2"], address: "10.0.0.3"),
        Walk(peer: "10.0.0.1", forwardedFor: ["1.1.1.1, unknown, 10.0.0.2"], address: "10.0.0.2"),
        Walk(peer: "10.0.0.1", forwardedFor: ["garbage"], address: "10.0.0.1"),
        Walk(peer: "10.0.0.1", forwardedFor: ["", ",,"], address: "10.0.0.1"),
        Walk(peer: "10.0.0.1", forwardedFor: ["198.51.100.1:4711"], address: "198.51.100.1"),
        Walk(peer: "10.0.0.1", forwardedFor: ["[2001:db8::5]:4711"], address: "2001:db8::5"),
        Walk(peer: "10.0.0.1", forwardedFor: ["2001:DB8::5"], address: "2001:db8::5"),
        Walk(peer: "::ffff:10.0.0.1", forwardedFor: ["198.51.100.1"], address: "198.51.100.1"),
        Walk(peer: "2001:db8::1", forwardedFor: ["198.51.100.1"], address: "198.51.100.1"),
        Walk(peer: nil, forwardedFor: ["198.51.100.1"], proto: ["https"], address: "198.51.100.1", secure: true),
        Walk(peer: nil, address: "unix"),
        Walk(peer: "10.0.0.1", proto: ["https"], address: "10.0.0.1", secure: true),
        Walk(peer: "10.0.0.1", proto: ["HTTPS"], address: "10.0.0.1", secure: true),
        Walk(peer: "10.0.0.1", proto: ["http"], tls: true, address: "10.0.0.1", secure: false),
        // One proxy alone: only the value it appended counts, not one the caller invented.
        Walk(peer: "10.0.0.1", forwardedFor: ["198.51.100.1"], proto: ["https, http"], address: "198.51.100.1"),
        // Two proxies: the outer one tells how the caller came.
        Walk(
            peer: "10.0.0.1",
            forwardedFor: ["198.51.100.1, 10.0.0.2"],
            proto: ["https, http"],
            address: "198.51.100.1",
            secure: true
        ),
        Walk(
            peer: "10.0.0.1",
            forwardedFor: ["198.51.100.1, 10.0.0.2"],
            proto: ["https, http, http"],
            address: "198.51.100.1"
        ),
    ])
    func walk(_ walk: Walk) throws {
        let proxies = try TrustedProxies(["10.0.0.0/8", "2001:db8::1", "unix"])
        var headers = HTTPHeaders()
        for value in walk.forwardedFor { headers.add(name: "X-Forwarded-For", value: value) }
        for value in walk.proto { headers.add(name: "x-forwarded-proto", value: value) }
        let peer = Peer(address: walk.peer.flatMap { IPAddress($0) }, isSecure: walk.tls)
        let caller = proxies.caller(peer: peer, headers: headers)
        #expect(caller == Caller(IPAddress(walk.address), isSecure: walk.secure))
        #expect(caller.address == walk.address)
        #expect(caller.hasAddress == (walk.address != "unix"))
    }

    @Test func unixPeersAreNotTrustedByDefault() throws {
        let headers: HTTPHeaders = ["X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https"]
        let caller = try TrustedProxies(["10.0.0.0/8"]).caller(
            peer: Peer(address: nil, isSecure: false),
            headers: headers
        )
        #expect(caller == Caller(nil, isSecure: false))
    }

    @Test func badProxyIsNamed() {
        #expect(throws: HTTPServerError(.invalidAddress, "")) { try TrustedProxies(["10.0.0.0/99"]) }
    }

    @Test(arguments: [
        ("127.0.0.1:8480", ListenAddress.tcp(host: "127.0.0.1", port: 8480)),
        ("[::1]:0", .tcp(host: "::1", port: 0)), ("localhost:80", .tcp(host: "localhost", port: 80)),
        ("unix:/run/a.sock", .unix(path: "/run/a.sock")), ("systemd", .systemd),
    ])
    func listenAddress(_ text: String, _ expected: ListenAddress) throws {
        let address = try ListenAddress(text)
        #expect(address == expected)
        #expect(address.description == text)
    }

    @Test(arguments: [
        "", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+80", "::1:80", "[::1]", "[127.0.0.1]:80",
        "unix:relative",
        "unix:", "unix:/" + String(repeating: "x", count: 120), "http://127.0.0.1:80",
    ])
    func badListenAddress(_ text: String) {
        #expect(throws: HTTPServerError(.invalidAddress, "")) { try ListenAddress(text) }
    }

    @Test(arguments: [
        ("127.0.0.1:1", true), ("127.8.8.8:1", true), ("[::1]:1", true), ("localhost:1", true), ("unix:/a", true),
        ("0.0.0.0:1", false), ("[::]:1", false), ("192.0.2.1:1", false), ("systemd", false), ("example:1", false),
    ])
    func loopback(_ text: String, _ expected: Bool) throws {
        #expect(try ListenAddress(text).isLoopback == expected)
    }
}
