import LDAPClient
import TestSupport
import Testing

@Suite struct SearchTests {
    private let sample = SampleDirectory()

    /// 300 people below ou=many.
    private static let many =
        "dn: ou=many,dc=example,dc=org\nobjectClass: organizationalUnit\nou: many\n\n"
        + (0..<300).map { "dn: cn=m\($0),ou=many,dc=example,dc=org\nobjectClass: person\ncn: m\($0)\nsn: x\n" }
        .joined(separator: "\n")

    private static let manyBase = "ou=many,dc=example,dc=org"
    private static let person = LDAPFilter.equal(attribute: "objectClass", value: Array("person".utf8))

    private func startMany(_ change: (inout Slapd.Options) -> Void = { _ in }) async throws -> Slapd {
        var options = Slapd.Options()
        options.extraLDIF = Self.many
        change(&options)
        return try await Slapd.start(options)
    }

    @Test func entriesComeWithTheirAttributes() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url) { $0.useServiceAccount(of: slapd) }
        let result = try await host.search(
            SearchRequest(
                base: sample.peopleBase,
                filter: .equal(attribute: "uid", value: Array("alice".utf8)),
                attributes: ["uid", "mail", "entryUUID"]
            ),
            deadline: .after(20)
        )
        let alice = try #require(result.entries.first)
        #expect(result.entries.count == 1)
        #expect(alice.dn == sample.dn(of: "alice"))
        #expect(alice.text("MAIL") == "alice@example.org")
        #expect(alice.text("entryUUID")?.count == 36)
        #expect(alice["givenName"].isEmpty)
        await host.shutdown()
    }

    @Test func scopesAreKept() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url)
        func count(_ base: String, _ scope: SearchRequest.Scope) async throws -> Int {
            let request = SearchRequest(base: base, scope: scope, attributes: ["1.1"])
            return try await host.search(request, deadline: .after(20)).entries.count
        }
        #expect(try await count(sample.dn(of: "alice"), .base) == 1)
        #expect(try await count(sample.dn(of: "alice"), .oneLevel) == 0)
        let below = try await count(sample.peopleBase, .oneLevel)
        let all = try await count(sample.peopleBase, .subtree)
        #expect(below > 1)
        #expect(all > below)
        await host.shutdown()
    }

    @Test func manySearchesShareOneConnection() async throws {
        let slapd = try await startMany()
        let host = try Rig().host(slapd.url) { $0.serviceConnections = 1 }
        try await withThrowingTaskGroup(of: (Int, String?).self) { group in
            for number in 0..<200 {
                group.addTask {
                    let name = "m\(number)"
                    let found = try await host.search(
                        SearchRequest(
                            base: Self.manyBase,
                            filter: .equal(attribute: "cn", value: Array(name.utf8))
                        ),
                        deadline: .after(20)
                    )
                    return (number, found.entries.first?.text("cn"))
                }
            }
            // Each caller gets its own answer and nobody else's.
            for try await (number, name) in group { #expect(name == "m\(number)") }
        }
        #expect(await host.statistics.dials == 1)
        await host.shutdown()
    }

    @Test func pagesAreJoined() async throws {
        let slapd = try await startMany()
        let host = try Rig().host(slapd.url)
        let request = SearchRequest(base: Self.manyBase, filter: Self.person, attributes: ["cn"], pageSize: 70)
        let result = try await host.search(request, deadline: .after(20))
        #expect(Set(result.entries.map(\.dn)).count == 300)
        #expect(!result.isTruncated)
        #expect(await eventually { slapd.searchRequests(containing: Self.manyBase) == 5 })
        await host.shutdown()
    }

    @Test func pagedSearchesDoNotDisturbEachOther() async throws {
        let slapd = try await startMany()
        let host = try Rig().host(slapd.url, operationTimeout: .seconds(10)) { $0.serviceConnections = 1 }
        let request = SearchRequest(base: Self.manyBase, filter: Self.person, attributes: ["cn"], pageSize: 50)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { try await host.search(request, deadline: .after(20)).entries.count }
            }
            for try await count in group { #expect(count == 300) }
        }
        await host.shutdown()
    }

    /// A connection that is to be replaced ends after the last page, not after the first.
    @Test func aPagedSearchIsWholeWhateverIsReplacedMeanwhile() async throws {
        let slapd = try await startMany()
        let host = try Rig().host(slapd.url) { $0.serviceConnections = 1 }
        let request = SearchRequest(base: Self.manyBase, filter: Self.person, attributes: ["cn"], pageSize: 100)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    await host.startAfresh()
                    try? await Task.sleep(for: .milliseconds(15))
                }
            }
            group.addTask {
                var whole = 0
                for _ in 0..<150 {
                    do throws(LDAPError) {
                        let found = try await host.search(request, deadline: .after(20))
                        #expect(found.entries.count == 300)
                        whole += 1
                    } catch {
                        // Replaced before its first page, and once more.
                        #expect(error.code == .connectionLost || error.code == .timeout)
                    }
                }
                #expect(whole > 75)
            }
            try await group.next()
            group.cancelAll()
        }
        await host.shutdown()
    }

    @Test(arguments: [nil, 2, 100] as [Int32?]) func aSizeLimitCutsTheAnswer(pageSize: Int32?) async throws {
        let slapd = try await startMany()
        let host = try Rig().host(slapd.url)
        var request = SearchRequest(base: Self.manyBase, filter: Self.person, sizeLimit: 7, pageSize: pageSize)
        let cut = try await host.search(request, deadline: .after(20))
        #expect(cut.entries.count == 7)
        #expect(cut.isTruncated)
        request.sizeLimit = 300
        let whole = try await host.search(request, deadline: .after(20))
        #expect(whole.entries.count == 300)
        #expect(!whole.isTruncated)
        await host.shutdown()
    }

    @Test func theServersOwnLimitIsAnError() async throws {
        let slapd = try await startMany { $0.sizeLimit = 5 }
        let host = try Rig().host(slapd.url)
        let error = await failure { () async throws(LDAPError) in
            try await host.search(SearchRequest(base: Self.manyBase), deadline: .after(20))
        }
        #expect(error?.code == .result)
        #expect(error?.resultCode == .sizeLimitExceeded)
        await host.shutdown()
    }

    @Test func aServerThatIgnoresTheLimitIsCutShort() async throws {
        let fake = try TCPFake.start(
            .script([
                .readMessage,
                .reply { request in
                    (0..<50).flatMap { LDAPReply.entry(to: request, dn: "cn=\($0)") }
                        + LDAPReply.searchDone(to: request)
                },
            ])
        )
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)")
        let result = try await host.search(SearchRequest(base: "", sizeLimit: 3), deadline: .after(20))
        #expect(result.entries.map(\.dn) == ["cn=0", "cn=1", "cn=2"])
        #expect(result.isTruncated)
        await host.shutdown()
    }

    @Test func referencesAreCountedAndDropped() async throws {
        var options = Slapd.Options()
        options.extraLDIF = """
            dn: ou=elsewhere,ou=people,dc=example,dc=org
            objectClass: referral
            objectClass: extensibleObject
            ou: elsewhere
            ref: ldap://127.0.0.1:1/ou=people,dc=example,dc=org

            """
        let slapd = try await Slapd.start(options)
        let host = try Rig().host(slapd.url)
        let result = try await host.search(SearchRequest(base: sample.peopleBase), deadline: .after(20))
        #expect(result.droppedReferences == 1)
        #expect(result.entries.count > 5)
        await host.shutdown()
    }

    @Test func aResultThatIsNoSuccessIsAnError() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url)
        let missing = await failure { () async throws(LDAPError) in
            try await host.search(SearchRequest(base: "ou=nowhere,dc=example,dc=org"), deadline: .after(20))
        }
        #expect(missing?.code == .result)
        #expect(missing?.resultCode == .noSuchObject)
        let unknown = LDAPControl(oid: "1.2.3.4.5", value: [], isCritical: true)
        let refused = await failure { () async throws(LDAPError) in
            try await host.search(
                SearchRequest(base: sample.peopleBase, controls: [unknown]),
                deadline: .after(20)
            )
        }
        #expect(refused?.resultCode == LDAPResultCode(rawValue: 12))
        await host.shutdown()
    }

    @Test func aZeroOctetIsRefusedNotCut() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url)
        let requests = [
            SearchRequest(base: "dc=example,dc=org\0,dc=x"), SearchRequest(base: "", attributes: ["cn\0"]),
        ]
        for request in requests {
            let error = await failure { () async throws(LDAPError) in
                try await host.search(request, deadline: .after(20))
            }
            #expect(error?.code == .invalidArgument)
        }
        await host.shutdown()
    }

    @Test func anAbsurdAnswerDoesNotEatTheMemory() async throws {
        let flood = try TCPFake.start(
            .script([
                .readMessage,
                .reply { request in (0..<5000).flatMap { LDAPReply.entry(to: request, dn: "cn=\($0)") } },
            ])
        )
        let host = try Rig().host("ldap://127.0.0.1:\(flood.port)") { $0.maximumResponseBytes = 100_000 }
        let error = await failure { () async throws(LDAPError) in
            try await host.search(SearchRequest(base: ""), deadline: .after(20))
        }
        #expect(error?.code == .responseTooLarge)
        await host.shutdown()
    }

    @Test func theRootDSEIsReadWithoutAnIdentity() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url) { $0.serviceIdentities = [] }
        let root = try await host.rootDSE(deadline: .after(20))
        #expect(root.entry.text("namingContexts") == "dc=example,dc=org")
        let error = await failure { () async throws(LDAPError) in
            try await host.search(SearchRequest(base: ""), deadline: .after(20))
        }
        #expect(error?.code == .serviceBind)
        await host.shutdown()
    }
}
