import Negotiate
import Testing

/// Names as the library writes them.
@Suite struct KerberosPrincipalTests {
    @Test(arguments: [
        ("alice@EXAMPLE.ORG", ["alice"], "EXAMPLE.ORG"),
        ("HTTP/www.example.org@EXAMPLE.ORG", ["HTTP", "www.example.org"], "EXAMPLE.ORG"),
        ("alice\\@corp.example@EXAMPLE.ORG", ["alice@corp.example"], "EXAMPLE.ORG"),
        ("a\\/b@R", ["a/b"], "R"),
        ("a\\\\b@R", ["a\\b"], "R"),
        ("jürgen@R\\@S", ["jürgen"], "R@S"),
        ("pc01$@AD.EXAMPLE", ["pc01$"], "AD.EXAMPLE"),
    ])
    func isTakenApart(text: String, components: [String], realm: String) throws {
        let principal = try #require(KerberosPrincipal(text))
        #expect(principal.components == components)
        #expect(principal.realm == realm)
    }

    @Test(arguments: ["", "alice", "alice@", "@R", "a//b@R", "/a@R", "alice@R@S", "a\\", "a\\0b@R", "a/@R"])
    func isNoName(text: String) {
        #expect(KerberosPrincipal(text) == nil)
    }
}
