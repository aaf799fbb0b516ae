internal import Synchronization

/// The API's own pages and its OpenAPI document, made of the table that serves the routes: each when it is asked for first,
/// so that the start does not wait for what hardly anybody reads.
final class HelpSite: Sendable {
    private let endpoints: [Endpoint]
    private let basePath: String
    private let address: String
    private let made = Mutex<[String: StoredDocument]>([:])
    let style = StoredDocument(Array(HelpStyle.sheet.utf8), mediaType: "text/css")

    /// - Parameters:
    ///   - endpoints: the whole table, the rows that serve this included.
    ///   - basePath: `http.base_path`, for links: "" or "/prefix".
    ///   - issuer: the public address of the service, base path included, for command lines.
    init(_ endpoints: [Endpoint], basePath: String, issuer: String) {
        var base = issuer[...]
        while base.last == "/" { base.removeLast() }
        self.endpoints = endpoints
        self.basePath = basePath
        address = String(base)
    }

    var openAPI: StoredDocument {
        kept("openapi.json", mediaType: "application/json") {
            JSONWriter.octets(of: OpenAPIDocument(endpoints: endpoints, address: address))
        }
    }

    var index: StoredDocument {
        kept("help", mediaType: "text/html") { Array(HelpPage.index(endpoints, basePath: basePath).utf8) }
    }

    /// The page about an endpoint; nil when there is none of that name.
    func page(_ slug: String) -> StoredDocument? {
        guard let endpoint = endpoints.first(where: { $0.slug == slug }) else { return nil }
        return kept("help/\(slug)", mediaType: "text/html") {
            Array(HelpPage(endpoint: endpoint, basePath: basePath, address: address).html.utf8)
        }
    }

    /// Two who ask for the same at once may both make it, alike.
    private func kept(_ name: String, mediaType: String, _ make: () -> [UInt8]) -> StoredDocument {
        if let document = made.withLock({ $0[name] }) { return document }
        let document = StoredDocument(make(), mediaType: mediaType)
        made.withLock { $0[name] = document }
        return document
    }
}
