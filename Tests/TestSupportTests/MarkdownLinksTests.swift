import TestSupport
import Testing

/// The pages for users and developers lead where they say.
@Suite struct MarkdownLinksTests {
    private static let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/")

    private static func pages() async throws -> [String] {
        let found = try await ChildProcess.run("find", ["docs", "-name", "*.md"], directory: repository)
        return ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
            + found.output.split(separator: "\n").map(String.init)
    }

    @Test func everyLinkOfThePagesLeadsSomewhere() async throws {
        let pages = try await Self.pages()
        #expect(MarkdownLinks.all(in: pages, of: Self.repository).count > 100, "the pages are read")
        let broken = MarkdownLinks.broken(in: pages, of: Self.repository)
        #expect(broken.isEmpty, "\(broken.map(\.description).joined(separator: "\n"))")
    }

    @Test func whatLeadsNowhereIsFound() throws {
        let folder = try TemporaryDirectory("ldapauthd-links")
        try folder.write("# A `b` (c), d!\n## A\n## A\n<a id=\"own\"></a>", to: "docs/other.md")
        try folder.write(
            """
            [x](docs/other.md) [x](docs/other.md#a-b-c-d) [x](docs/other.md#a-1) [x](docs/other.md#own) [x](https://h/none)
            [x](#here) [x](docs/none.md) [`x`](docs/other.md#none) [x](#nowhere) [x](../outside.md) `[x](docs/code.md)`

            [y]: docs/gone.md

                [x](docs/indented.md)

            ```
            [x](docs/fenced.md)
            ```
            ## Here
            """,
            to: "page.md"
        )
        let broken = MarkdownLinks.broken(in: ["page.md"], of: folder.path).map(\.target)
        #expect(broken == ["docs/none.md", "docs/other.md#none", "#nowhere", "../outside.md", "docs/gone.md"])
    }

    @Test(arguments: [
        ("## Restarts without a refused connection", "restarts-without-a-refused-connection"),
        ("### `POST /api/v1/auth/verify`", "post-apiv1authverify"), ("# 1. Install", "1-install"),
        ("## [1.0](x) – Ünïcode_x", "10--ünïcode_x"),
    ])
    func anchorsAreThoseOfGitHub(_ heading: String, _ anchor: String) {
        #expect(MarkdownLinks.anchors(of: heading) == [anchor])
    }
}
