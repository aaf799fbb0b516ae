/// The API's own pages and its OpenAPI document, all made at once of the table that serves the routes.
struct HelpSite: Sendable {
    let openAPI: StoredDocument
    let index: StoredDocument
    /// By the name of the endpoint.
    let pages: [String: StoredDocument]
    let style = StoredDocument(Array(HelpStyle.sheet.utf8), mediaType: "text/css")

    /// - Parameters:
    ///   - endpoints: the whole table, the rows that serve this included.
    ///   - basePath: `http.base_path`, for links: "" or "/prefix".
    ///   - issuer: the public address of the service, base path included, for command lines.
    init(_ endpoints: [Endpoint], basePath: String, issuer: String) {
        var base = issuer[...]
        while base.last == "/" { base.removeLast() }
        let address = String(base)
        openAPI = StoredDocument(
            JSONWriter.octets(of: OpenAPIDocument(endpoints: endpoints, address: address)),
            mediaType: "application/json"
        )
        index = Self.page(HelpPage.index(endpoints, basePath: basePath))
        pages = Dictionary(
            endpoints.map { ($0.slug, Self.page(HelpPage(endpoint: $0, basePath: basePath, address: address).html)) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private static func page(_ html: String) -> StoredDocument {
        StoredDocument(Array(html.utf8), mediaType: "text/html")
    }
}
