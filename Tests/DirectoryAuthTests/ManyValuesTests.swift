import Authentication
import DirectoryAuth
import EventPoller
import LDAPClient
import Logging
import TestSupport
import Testing

/// Somebody in more groups than Microsoft's servers tell at once. Samba has no such limit, so the server is a script.
@Suite struct ManyValuesTests {
    /// A domain controller with one person, who is in so many groups; 1500 of them are told at a time.
    static func server(groups: Int) throws -> TCPFake {
        let answer: TCPFake.Step = .reply { request in
            guard LDAPReply.operation(of: request) == 0x63 else { return LDAPReply.bind(to: request) }
            let text = String(decoding: request, as: UTF8.self)
            let option = text.firstRange(of: "memberOf;range=")
            let first = option.flatMap { Int(text[$0.upperBound...].prefix(while: \.isNumber)) } ?? 0
            let last = min(first + 1500, groups) - 1
            var attributes: [(name: String, values: [String])] = []
            if option == nil {
                attributes = [("objectGUID", ["0123456789abcdef"]), ("sAMAccountName", ["alice"]), ("memberOf", [])]
            }
            let range = "memberOf;range=\(first)-\(last == groups - 1 ? "*" : "\(last)")"
            attributes.append((range, (first...last).map { "CN=g\($0),OU=Groups,DC=x" }))
            return LDAPReply.entry(to: request, dn: "CN=alice,DC=x", attributes: attributes)
                + LDAPReply.searchDone(to: request)
        }
        return try TCPFake.start(.script((0..<20).flatMap { _ in [TCPFake.Step.readMessage, answer] }))
    }

    @Test(arguments: [1500, 1501, 4500]) func allGroupsAreTold(_ count: Int) async throws {
        let fake = try Self.server(groups: count)
        let identity = try await Self.alice(fake) {
            $0.groups.mode = .memberOf
            $0.groups.nested = false
        }
        #expect(identity?.groups == (0..<count).map { "g\($0)" }.sorted())
        fake.stop()
    }

    /// The same server, with groups to be searched: alice is in one group, and that one in so many others.
    static func server(nestedIn count: Int) throws -> TCPFake {
        let answer: TCPFake.Step = .reply { request in
            guard LDAPReply.operation(of: request) == 0x63 else { return LDAPReply.bind(to: request) }
            let text = String(decoding: request, as: UTF8.self)
            var answer: [UInt8] = []
            func memberOf(from first: Int) -> (name: String, values: [String]) {
                let last = min(first + 1500, count) - 1
                let range = "memberOf;range=\(first)-\(last == count - 1 ? "*" : "\(last)")"
                return (range, (first...last).map { "CN=g\($0),OU=Groups,DC=x" })
            }
            if let option = text.firstRange(of: "memberOf;range=") {
                let first = Int(text[option.upperBound...].prefix(while: \.isNumber)) ?? 0
                answer = LDAPReply.entry(
                    to: request,
                    dn: "CN=inner,OU=Groups,DC=x",
                    attributes: [memberOf(from: first)]
                )
            } else if text.contains("distinguishedName") {
                // By name, as many as one filter holds.
                for piece in text.split(separator: "CN=").dropFirst() where piece.hasPrefix("g") {
                    let number = piece.dropFirst().prefix(while: \.isNumber)
                    answer += LDAPReply.entry(
                        to: request,
                        dn: "CN=g\(number),OU=Groups,DC=x",
                        attributes: [("cn", ["g\(number)"])]
                    )
                }
            } else if text.contains("CN=alice,DC=x") {
                answer = LDAPReply.entry(
                    to: request,
                    dn: "CN=inner,OU=Groups,DC=x",
                    attributes: [("cn", ["inner"]), ("memberOf", []), memberOf(from: 0)]
                )
            } else {
                answer = LDAPReply.entry(
                    to: request,
                    dn: "CN=alice,DC=x",
                    attributes: [("objectGUID", ["0123456789abcdef"]), ("sAMAccountName", ["alice"])]
                )
            }
            return answer + LDAPReply.searchDone(to: request)
        }
        return try TCPFake.start(.script((0..<120).flatMap { _ in [TCPFake.Step.readMessage, answer] }))
    }

    /// Groups of groups are climbed by what a group says it is in, and that comes in parts as well.
    @Test(arguments: [1500, 3100]) func aGroupInVeryManyGroupsIsClimbed(_ count: Int) async throws {
        let fake = try Self.server(nestedIn: count)
        let identity = try await Self.alice(fake) { $0.groups.mode = .search }
        #expect(identity?.groups == (["inner"] + (0..<count).map { "g\($0)" }).sorted())
        fake.stop()
    }

    /// Logs alice in.
    private static func alice(
        _ fake: TCPFake,
        _ change: (inout DirectorySettings) -> Void
    ) async throws -> Identity? {
        let poller = try EventPoller(name: "many-values")
        let pool = BlockingPool(name: "many-values", threads: 2, queueLimit: 16)
        var settings = DirectorySettings(
            id: SourceID(1),
            name: "corp",
            kind: .activeDirectory,
            hosts: [
                LDAPHostSettings(
                    url: try LDAPURL("ldap://127.0.0.1:\(fake.port)"),
                    operationTimeout: .seconds(20),
                    serviceIdentities: [.simple(dn: "CN=svc,DC=x") { Password("service-secret") }]
                )
            ],
            userBase: "DC=x",
            groupsBase: "OU=Groups,DC=x"
        )
        change(&settings)
        let directory = try Directory(
            settings: settings,
            poller: poller,
            pool: pool,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let result = await directory.authenticate("alice", password: Password("x"), deadline: .now + .seconds(30))
        await directory.shutdown()
        pool.shutdown()
        poller.shutdown()
        guard case .authenticated(let identity) = result else {
            Issue.record("\(result)")
            return nil
        }
        return identity
    }
}
