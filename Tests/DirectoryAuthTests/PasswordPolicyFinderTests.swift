import LDAPClient
import Testing

@testable import DirectoryAuth

@Suite struct PasswordPolicyFinderTests {
    /// A server with so many policies that it does not tell them all.
    private struct Server: DirectorySearching {
        var isTruncated: Bool

        func search(_ request: SearchRequest, deadline: ContinuousClock.Instant) async throws(LDAPError) -> SearchResult
        {
            guard !request.base.isEmpty else { return SearchResult(entries: [LDAPEntry(dn: "", attributes: [])]) }
            let policy = LDAPEntry(dn: "cn=p,dc=x", attributes: [("pwdMaxAge", [Array("1".utf8)])])
            return SearchResult(entries: [policy], isTruncated: isTruncated)
        }
    }

    @Test(arguments: [false, true]) func someOfThePoliciesAreAsGoodAsNone(_ isTruncated: Bool) async throws {
        let entry = LDAPEntry(dn: "uid=alice,dc=x", attributes: [])
        let found = try await PasswordPolicyFinder().policies(
            of: entry,
            by: Server(isTruncated: isTruncated),
            deadline: .now + .seconds(5)
        )
        #expect(found == (isTruncated ? [] : [PasswordPolicy(maxAge: 1)]))
    }
}
