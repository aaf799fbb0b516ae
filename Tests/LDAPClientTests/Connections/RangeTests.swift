import LDAPClient
import TestSupport
import Testing

/// Attributes of more values than a server hands out at once. Microsoft's limit is 1500, Samba has none: the server is a
/// script.
@Suite struct RangeTests {
    /// A server with one group of so many members, of which it tells at most `limit` at a time.
    static func server(
        members: Int,
        limit: Int = 1500,
        breaks: Bool = false,
        isEndless: Bool = false
    ) throws -> TCPFake {
        let answer: TCPFake.Step = .reply { request in
            let text = String(decoding: request, as: UTF8.self)
            var first = 0
            if let range = text.firstRange(of: "range=") {
                first = Int(text[range.upperBound...].prefix(while: \.isNumber)) ?? 0
            }
            let last = isEndless ? first + limit - 1 : min(first + limit, members) - 1
            let isWhole = first == 0 && last == members - 1
            let isLast = last == members - 1
            let values = (first..<max(first, last + 1)).map { "CN=m\($0),DC=x" }
            let name = isWhole ? "member" : "member;range=\(breaks ? first + 7 : first)-\(isLast ? "*" : "\(last)")"
            // Beside a part the attribute itself stands there without a value, as on a domain controller.
            let beside: [(name: String, values: [String])] = isWhole ? [] : [("member", [])]
            return LDAPReply.entry(
                to: request,
                dn: "CN=all,DC=x",
                attributes: [("cn", ["all"])] + beside + [(name, values)]
            ) + LDAPReply.searchDone(to: request)
        }
        return try TCPFake.start(.script((0..<200).flatMap { _ in [TCPFake.Step.readMessage, answer] }))
    }

    static func search(_ host: LDAPHost, _ attributes: [String] = ["cn", "member"]) async throws(LDAPError)
        -> LDAPEntry?
    {
        let request = SearchRequest(base: "DC=x", attributes: attributes)
        return try await host.search(request, deadline: .after(20)).entries.first
    }

    @Test(arguments: [1, 1499, 1500, 1501, 3000, 4001]) func partsArePutTogether(_ members: Int) async throws {
        let fake = try Self.server(members: members)
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)")
        let group = try #require(await Self.search(host))
        #expect(group["member"].count == members)
        #expect(Set(group["member"]).count == members)
        #expect(group["member"].last == Array("CN=m\(members - 1),DC=x".utf8))
        #expect(group.text("cn") == "all")
        #expect(group.attributes.map(\.name).sorted() == ["cn", "member"])
        await host.shutdown()
        fake.stop()
    }

    @Test func whoAsksForAPartGetsThatPart() async throws {
        let fake = try Self.server(members: 4000)
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)")
        let group = try #require(await Self.search(host, ["member;range=0-*"]))
        #expect(group["member;range=0-1499"].count == 1500)
        await host.shutdown()
        fake.stop()
    }

    @Test func aGapIsAnErrorAndNoShortList() async throws {
        let fake = try Self.server(members: 4000, breaks: true)
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)")
        let error = await failure { () async throws(LDAPError) in try await Self.search(host) }
        #expect(error?.code == .result)
        #expect(error?.message.contains("member in parts") == true, "\(String(describing: error))")
        await host.shutdown()
        fake.stop()
    }

    @Test func whatNeverEndsEndsAtTheLimitOfMemory() async throws {
        let fake = try Self.server(members: 4000, isEndless: true)
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)") { $0.maximumResponseBytes = 1 << 20 }
        let error = await failure { () async throws(LDAPError) in try await Self.search(host) }
        #expect(error?.code == .responseTooLarge, "\(String(describing: error))")
        await host.shutdown()
        fake.stop()
    }
}
