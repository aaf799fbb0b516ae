import Authentication
import Testing

@testable import Tokens

@Suite struct GroupTests {
    @Test(arguments: [
        ("*", "", true), ("*", "staff", true), ("app-*", "app-users", true), ("app-*", "my-app-users", false),
        ("*-admins", "db-admins", true), ("?b-*", "db-admins", true), ("?", "", false), ("", "", true),
        ("", "a", false), ("a*b*c", "a1b2c", true), ("a*b*c", "acb", false), ("ä?", "äö", true),
        ("App-*", "app-x", false),
        ("***", "x", true), ("[a]", "a", false),
    ]) func glob(pattern: String, text: String, expected: Bool) {
        #expect(Glob.matches(text, pattern: pattern) == expected)
    }

    @Test("A pattern made to be slow is not")
    func hostileGlob() {
        let pattern = String(repeating: "*a", count: 200) + "b"
        #expect(!Glob.matches(String(repeating: "a", count: 2000), pattern: pattern))
    }

    @Test(
        "Beyond max_groups the first in sorted order stay",
        arguments: [(0, 0, true), (2, 2, true), (3, 3, false), (9, 3, false)]
    )
    func limit(maxGroups: Int, count: Int, overage: Bool) {
        var person = World.alice
        person.groups = ["a1", "a2", "a3", "b1"]
        let claim = GroupClaim(person, client: Client(id: "c", groupFilter: "a*", maxGroups: maxGroups))
        #expect(claim.names == Array(["a1", "a2", "a3"].prefix(count)))
        #expect(claim.hasMore == overage)
    }

    @Test(
        "A bare name is of the client's first source, others are written source:name",
        arguments: [
            (["editors"], [], 1, true), (["editors"], [], 0, false), (["editors"], [2, 1], 1, false),
            (["editors"], [1, 2], 2, true), (["corp:editors"], [], 0, true), (["other:editors"], [], 1, false),
            (["nobody", "staff"], [], 1, true), (["nobody"], [], 1, false), ([], [], 1, false),
        ] as [([String], [Int32], Int32, Bool)]
    ) func editors(groups: [String], sources: [Int32], first: Int32, expected: Bool) {
        let client = Client(id: "c", sources: sources.map(SourceID.init), editorGroups: groups)
        #expect(client.isEditor(World.alice, firstSource: SourceID(first)) == expected)
    }
}
