internal import NIOHTTP1

/// The table as an OpenAPI document (OpenAPI Specification 3.1.0).
struct OpenAPIDocument: JSONBody {
    let endpoints: [Endpoint]
    /// Below which the endpoints lie.
    let address: String

    /// Of the interface, not of the program.
    private static let apiVersion = "1.0.0"

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("openapi", "3.1.0")
            json.member("info") { json in
                json.object { json in
                    json.member("title", "ldapauthd")
                    json.member("version", Self.apiVersion)
                    json.member(
                        "description",
                        "Paths are compared without regard to case. Every GET also answers HEAD; other methods than those "
                            + "named are 405."
                    )
                }
            }
            json.member("servers") { json in
                json.array([address]) { json, address in json.object { $0.member("url", address) } }
            }
            json.member("paths") { json in
                json.object { json in
                    var written: Set<String> = []
                    for endpoint in endpoints where written.insert(endpoint.path).inserted {
                        json.member(endpoint.path) { json in
                            json.object { json in
                                for operation in endpoints where operation.path == endpoint.path {
                                    json.member(operation.method.rawValue.lowercased()) { write(operation, to: &$0) }
                                }
                            }
                        }
                    }
                }
            }
            writeComponents(to: &json)
        }
    }

    private func write(_ endpoint: Endpoint, to json: inout JSONWriter) {
        json.object { json in
            json.member("operationId", endpoint.slug)
            json.member("summary", endpoint.summary)
            var details = endpoint.details
            if endpoint.takesAnyMethod { details += " Any other method is answered in the same way." }
            if !details.isEmpty { json.member("description", details) }
            if !endpoint.parameters.isEmpty {
                json.member("parameters") { json in
                    json.array(endpoint.parameters) { json, parameter in Self.write(parameter, to: &json) }
                }
            }
            if endpoint.body != nil { json.member("requestBody") { Self.writeBody(of: endpoint, to: &$0) } }
            if !endpoint.security.isEmpty {
                json.member("security") { json in
                    json.array(endpoint.security) { json, security in
                        json.object { $0.member(security.scheme, [String]()) }
                    }
                }
            }
            json.member("responses") { Self.writeResponses(of: endpoint, to: &$0) }
        }
    }

    private static func write(_ parameter: Parameter, to json: inout JSONWriter) {
        let isList = parameter.kind == .list || parameter.kind == .repeated
        json.object { json in
            json.member("name", parameter.name)
            json.member("in", parameter.place.rawValue)
            json.member("required", parameter.isRequired)
            json.member("description", parameter.summary)
            if isList { json.member("explode", parameter.kind == .repeated) }
            json.member("schema") { json in
                json.object { json in
                    switch parameter.kind {
                    case .text: json.member("type", "string")
                    case .integer:
                        json.member("type", "integer")
                        json.member("format", "int32")
                    case .repeated, .list:
                        json.member("type", "array")
                        json.member("items") { json in json.object { $0.member("type", "string") } }
                    }
                }
            }
            json.member("example") { json in
                switch parameter.kind {
                case .text: json.string(parameter.sample)
                case .integer: json.number(Int32(parameter.sample) ?? 0)
                case .repeated, .list:
                    json.array(parameter.sample.split(separator: ",")) { $0.string(String($1)) }
                }
            }
        }
    }

    private static func writeBody(of endpoint: Endpoint, to json: inout JSONWriter) {
        let samples = RequestSamples(endpoint)
        json.object { json in
            json.member("required", true)
            json.member("content") { json in
                json.object { json in
                    for mediaType in ["application/x-www-form-urlencoded", "application/json", "text/json"] {
                        json.member(mediaType) { json in
                            json.object { json in
                                json.member("schema") { writeReference(to: endpoint.bodyName, to: &$0) }
                                json.member("example") { samples.write(to: &$0) }
                            }
                        }
                    }
                    guard let xml = samples.xml else { return }
                    for mediaType in ["application/xml", "text/xml"] {
                        json.member(mediaType) { json in
                            json.object { json in
                                json.member("schema") { writeReference(to: endpoint.bodyName, to: &$0) }
                                // The whole text, namespaces included, which an object could not show.
                                json.member("example", xml)
                            }
                        }
                    }
                }
            }
        }
    }

    static func writeReference(to name: String, to json: inout JSONWriter) {
        json.object { $0.member("$ref", "#/components/schemas/\(name)") }
    }
}

extension Endpoint {
    /// The name of its body among the schemas: that of its root element, or made of the last segment of the path.
    var bodyName: String {
        if let root = body?.root { return root.name }
        let last = String(path.split(separator: "/").last ?? "")
        return last.prefix(1).uppercased() + last.dropFirst() + "Request"
    }
}

extension Endpoint.Security {
    /// The name of the security scheme.
    var scheme: String {
        switch self {
        case .client: "client"
        case .bearer: "bearer"
        case .basic: "password"
        }
    }
}
