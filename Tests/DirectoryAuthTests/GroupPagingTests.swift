import LDAPClient
import Synchronization
import Testing

@testable import DirectoryAuth

/// Searches for groups are asked in pages only where one answer does not hold them: paged ones take turns.
@Suite struct GroupPagingTests {
    /// Says "too many" to whoever does not ask in pages.
    private final class Searcher: DirectorySearching {
        let allowsUnpaged: Bool
        let pages = Mutex<[Int32?]>([])

        init(allowsUnpaged: Bool) { self.allowsUnpaged = allowsUnpaged }

        func search(
            _ request: SearchRequest,
            deadline: ContinuousClock.Instant
        ) async throws(LDAPError) -> SearchResult {
            pages.withLock { $0.append(request.pageSize) }
            guard allowsUnpaged || request.pageSize != nil else {
                throw LDAPError(.result, "too many", resultCode: .sizeLimitExceeded, requestWasWritten: true)
            }
            let name = [UInt8]("staff".utf8)
            return SearchResult(entries: [LDAPEntry(dn: "cn=staff,ou=groups,dc=x", attributes: [("cn", [name])])])
        }
    }

    @Test(arguments: [(true, [nil]), (false, [nil, 1000])] as [(Bool, [Int32?])])
    func pagesAreForAnswersThatAreTooLong(allowsUnpaged: Bool, asked: [Int32?]) async throws {
        var settings = DirectoryGroups(mode: .search, base: "ou=groups,dc=x")
        settings.nested = false
        let finder = try GroupFinder(settings, kind: .openLDAP)
        var person = Person(dn: "uid=alice,dc=x", stableID: "1", username: "alice")
        person.matchValues = [[Array("uid=alice,dc=x".utf8)]]
        let searcher = Searcher(allowsUnpaged: allowsUnpaged)
        #expect(try await finder.groups(of: person, by: searcher, deadline: .now + .seconds(5)) == ["staff"])
        #expect(searcher.pages.withLock { $0 } == asked)
    }

    /// A name is the same whether it is met for the first time or again; others of the same spelling but for the base too.
    @Test func namesOfGroupsAreReadOnce() throws {
        var settings = DirectoryGroups(mode: .memberOf, base: "OU=Groups,dc=x")
        settings.nested = false
        let finder = try GroupFinder(settings, kind: .openLDAP)
        let names = [
            "cn=Comma\\2C Group,ou=groups,dc=x", "cn=far,ou=elsewhere,dc=x", "no name", "ou=Unit,ou=groups,dc=x",
        ]
        for _ in 0..<2 {
            let listed = finder.listedWithinBase(names)
            #expect(listed.map(\.dn.description) == [names[0], names[3]])
            #expect(listed.map(\.name) == ["Comma, Group", nil])
        }
        #expect(finder.listed.withLock { $0.count } == 3)
    }
}
