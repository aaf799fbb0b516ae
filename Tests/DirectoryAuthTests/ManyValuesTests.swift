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
        settings.groups.mode = .memberOf
        settings.groups.nested = false
        let directory = try Directory(
            settings: settings,
            poller: poller,
            pool: pool,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let result = await directory.authenticate("alice", password: Password("x"), deadline: .now + .seconds(30))
        guard case .authenticated(let identity) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(identity.groups == (0..<count).map { "g\($0)" }.sorted())
        await directory.shutdown()
        pool.shutdown()
        poller.shutdown()
        fake.stop()
    }
}
