internal import NIOHTTP1

/// The page of one endpoint.
struct HelpPage {
    let endpoint: Endpoint
    let basePath: String
    /// Below which the endpoints lie, for command lines.
    let address: String

    /// The list of all endpoints.
    static func index(_ endpoints: [Endpoint], basePath: String) -> String {
        document(title: "HTTP API", basePath: basePath) { html in
            html.element("h1", "HTTP API")
            html.element("p") {
                $0.prose(
                    "Every GET also answers HEAD. Bodies are read as the pages say; answers are JSON or XML as `Accept` asks."
                )
            }
            html.element("dl", ["class": "index"]) { html in
                for endpoint in endpoints {
                    html.element("div") { html in
                        html.element("dt") { html in
                            html.element("span", ["class": "method"], endpoint.method.rawValue)
                            html.element("a", ["href": "\(basePath)\(HelpEndpoints.indexPath)/\(endpoint.slug)"]) {
                                html in
                                html.element("code", basePath + endpoint.path)
                            }
                        }
                        html.element("dd") { $0.prose(endpoint.summary) }
                    }
                }
            }
        }
    }

    /// The whole page.
    var html: String {
        let path = basePath + endpoint.path
        return Self.document(title: "\(endpoint.method.rawValue) \(path)", basePath: basePath) { html in
            html.element("h1") { html in
                html.element("span", ["class": "method"], endpoint.method.rawValue)
                html.element("code", path)
            }
            html.element("p") { $0.prose(endpoint.summary) }
            if !endpoint.details.isEmpty { html.element("p") { $0.prose(endpoint.details) } }
            if endpoint.takesAnyMethod { html.element("p", "Any other method is answered in the same way.") }
            writeSecurity(to: &html)
            writeParameters(to: &html)
            writeBody(to: &html)
            html.element("h2", "To paste")
            let lines = RequestSamples(endpoint).curl(base: address)
            for line in lines { html.element("pre", ["class": "curl"], line) }
            if lines.contains(where: { $0.contains("$TOKEN") }) {
                html.element("p", ["class": "faint"]) { $0.prose("`TOKEN` holds an access token.") }
            }
            writeAnswers(to: &html)
        }
    }

    private func writeSecurity(to html: inout HTMLWriter) {
        guard !endpoint.security.isEmpty else { return }
        html.element("h2", "Who may call")
        for security in endpoint.security { html.element("p") { $0.prose(security.summary) } }
    }

    private func writeParameters(to html: inout HTMLWriter) {
        guard !endpoint.parameters.isEmpty else { return }
        html.element("h2", "Parameters")
        html.element("dl") { html in
            for parameter in endpoint.parameters {
                let words = [parameter.kind.summary, "in the \(parameter.place.rawValue)"]
                Self.item(
                    parameter.name,
                    words + (parameter.isRequired ? ["required"] : []),
                    parameter.summary + Self.example(parameter),
                    in: &html
                )
            }
        }
    }

    /// How a parameter of a query is written.
    private static func example(_ parameter: Parameter) -> String {
        parameter.place == .query ? " Such as `?\(RequestSamples.query(parameter))`." : ""
    }

    private func writeBody(to html: inout HTMLWriter) {
        guard let body = endpoint.body else { return }
        html.element("h2", "Body")
        html.element("p") { html in
            html.prose("`application/x-www-form-urlencoded`, `application/json` or `text/json`")
            if let root = body.root {
                html.prose(", `application/xml` or `text/xml` with the root `\(root.name)` in `\(root.namespace)`")
            }
            html.text(".")
        }
        html.element("dl") { html in
            for field in body.fields {
                Self.item(
                    field.name,
                    [field.kind.summary] + (field.isRequired ? ["required"] : []),
                    field.summary,
                    in: &html
                )
            }
        }
        let samples = RequestSamples(endpoint)
        html.element("h3", "Form")
        html.element("pre", samples.form)
        html.element("h3", "JSON")
        html.element("pre", samples.json)
        if let xml = samples.xml {
            html.element("h3", "XML")
            html.element("pre", xml)
        }
    }

    /// A name, words about it, and what it means.
    static func item(_ name: String, _ words: [String], _ summary: String, in html: inout HTMLWriter) {
        html.element("div") { html in
            html.element("dt") { html in
                html.element("code", name)
                html.text(" ")
                html.element("span", ["class": "faint"], words.joined(separator: ", "))
            }
            html.element("dd") { $0.prose(summary) }
        }
    }

    private static func document(title: String, basePath: String, _ content: (inout HTMLWriter) -> Void) -> String {
        var html = HTMLWriter()
        html.open("!DOCTYPE html")
        html.element("html", ["lang": "en"]) { html in
            html.element("head") { html in
                html.open("meta", ["charset": "utf-8"])
                html.open("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                html.element("title", "\(title) – ldapauthd")
                html.open("link", ["rel": "stylesheet", "href": basePath + HelpEndpoints.stylePath])
            }
            html.element("body") { html in
                html.element("nav") { html in
                    html.element("a", ["href": basePath + HelpEndpoints.indexPath], "All endpoints")
                    html.element("a", ["href": basePath + HelpEndpoints.openAPIPath], "OpenAPI document")
                }
                html.element("main", [:], content)
            }
        }
        return html.html
    }
}

extension Endpoint.Security {
    /// For people.
    fileprivate var summary: String {
        switch self {
        case .client:
            "A client, by `client_id` and `client_secret` in the body or by `Authorization: Basic`; without either, the "
                + "configured default client, where the endpoint takes one."
        case .bearer: "A person, by an access token: `Authorization: Bearer`."
        case .basic: "A person, by name and password: `Authorization: Basic`."
        }
    }
}

extension BodySchema.Field.Kind {
    /// For people.
    fileprivate var summary: String {
        switch self {
        case .text, .secret: "text"
        case .integer: "integer of 32 bits, default 0"
        case .boolean: "boolean, default false"
        }
    }
}

extension Parameter.Kind {
    /// For people.
    fileprivate var summary: String {
        switch self {
        case .text: "text"
        case .integer: "integer of 32 bits"
        case .repeated: "text, any number of times"
        case .list: "texts separated by commas"
        }
    }
}
