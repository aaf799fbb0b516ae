internal import NIOHTTP1

/// The rows that serve the API's own pages.
enum HelpEndpoints {
    static let indexPath = "/help"
    static let stylePath = "/help/style.css"
    static let openAPIPath = "/openapi.json"

    /// `rows` and the rows that tell of them, these included.
    static func adding(to rows: [Endpoint], basePath: String, issuer: String) -> [Endpoint] {
        // The pages tell of their own rows, too; what those will answer does not matter for that.
        let described = rows + endpoints { nil }
        let site = HelpSite(described, basePath: basePath, issuer: issuer)
        return rows + endpoints { site }
    }

    private static func endpoints(_ site: @escaping @Sendable () -> HelpSite?) -> [Endpoint] {
        [
            row(
                openAPIPath,
                "This API as an OpenAPI 3.1 document.",
                mediaType: "application/json"
            ) { _ in site()?.openAPI },
            row(indexPath, "The list of all endpoints, for people.", mediaType: "text/html") { _ in site()?.index },
            page { site()?.page($0) },
            row(stylePath, "The style sheet of these pages.", mediaType: "text/css") { _ in site()?.style },
        ]
    }

    private static func page(_ find: @escaping @Sendable (String) -> StoredDocument?) -> Endpoint {
        let name = Parameter(
            name: "endpoint",
            place: .path,
            kind: .text,
            isRequired: true,
            summary: "Method and path, joined by hyphens, as the list of all endpoints links it.",
            sample: "post-token"
        )
        return row(
            indexPath + "/{endpoint}",
            "What one endpoint takes and answers, with samples to paste.",
            mediaType: "text/html",
            parameters: [name],
            more: [
                AnswerDescription(
                    .notFound(uri: "https://auth.corp.example/help/get-nothing"),
                    when: "There is no endpoint of that name."
                )
            ]
        ) { request in request.value(of: name).flatMap(find) }
    }

    private static func row(
        _ path: String,
        _ summary: String,
        mediaType: String,
        parameters: [Parameter] = [],
        more: [AnswerDescription] = [],
        _ document: @escaping @Sendable (EndpointRequest) -> StoredDocument?
    ) -> Endpoint {
        let headers = [
            AnswerDescription.Header(
                name: "Cache-Control",
                summary: "May be kept so long.",
                sample: StoredDocument.cacheControl
            ),
            AnswerDescription.Header(name: "ETag", summary: "For If-None-Match.", sample: "\"5a3f0c\""),
        ]
        return Endpoint(
            method: .GET,
            path: path,
            summary: summary,
            carriesCredentials: false,
            caching: .byHandler,
            parameters: parameters,
            answers: [
                AnswerDescription(200, "The document.", headers: headers, body: .document(mediaType: mediaType)),
                AnswerDescription(304, "It is what If-None-Match names.", headers: headers),
            ] + more
        ) { request in
            guard let stored = document(request) else { throw ErrorBody.notFound(uri: request.uri) }
            return stored.answer(to: request)
        }
    }
}
