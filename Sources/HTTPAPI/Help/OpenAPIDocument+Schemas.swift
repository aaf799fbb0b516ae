extension OpenAPIDocument {
    /// The name of an answer's schema: that of its type.
    static func schemaName(_ body: some DescribedBody) -> String { "\(type(of: body))" }

    /// Schemas and security schemes.
    func writeComponents(to json: inout JSONWriter) {
        json.member("components") { json in
            json.object { json in
                json.member("schemas") { json in
                    json.object { json in
                        var written: Set<String> = []
                        for endpoint in endpoints {
                            if let body = endpoint.body, written.insert(endpoint.bodyName).inserted {
                                json.member(endpoint.bodyName) { Self.write(body, to: &$0) }
                            }
                            for body in endpoint.answers.compactMap(\.body.described)
                            where written.insert(Self.schemaName(body)).inserted {
                                json.member(Self.schemaName(body)) { Self.write(type(of: body).members, to: &$0) }
                            }
                        }
                        json.member("Error") { Self.writeError(to: &$0) }
                    }
                }
                json.member("securitySchemes") { Self.writeSecuritySchemes(to: &$0) }
            }
        }
    }

    /// A request.
    private static func write(_ body: BodySchema, to json: inout JSONWriter) {
        json.object { json in
            json.member("type", "object")
            if let root = body.root {
                json.member("xml") { json in
                    json.object { json in
                        json.member("name", root.name)
                        json.member("namespace", root.namespace)
                    }
                }
            }
            json.member("required", body.fields.filter(\.isRequired).map(\.name))
            json.member("properties") { json in
                json.object { json in
                    for field in body.fields {
                        json.member(field.name) { write(field, to: &$0) }
                    }
                }
            }
        }
    }

    private static func write(_ field: BodySchema.Field, to json: inout JSONWriter) {
        json.object { json in
            switch field.kind {
            case .text, .secret:
                if field.isRequired {
                    json.member("type", "string")
                } else {
                    json.member("type", ["string", "null"])
                }
                if field.kind == .secret { json.member("format", "password") }
            case .integer:
                json.member("type", "integer")
                json.member("format", "int32")
                json.member("minimum", Int32.min)
                json.member("maximum", Int32.max)
                json.member("default", 0)
            case .boolean:
                json.member("type", "boolean")
                json.member("default", false)
            }
            json.member("description", field.summary)
        }
    }

    /// An answer.
    private static func write(_ members: [BodyMember], to json: inout JSONWriter) {
        json.object { json in
            json.member("type", "object")
            json.member("required", members.filter(\.isAlwaysThere).map(\.name))
            json.member("properties") { json in
                json.object { json in
                    for member in members {
                        json.member(member.name) { json in
                            switch member.kind {
                            case .object(let inner): write(inner, to: &json)
                            default: write(member, to: &json)
                            }
                        }
                    }
                }
            }
        }
    }

    private static func write(_ member: BodyMember, to json: inout JSONWriter) {
        json.object { json in
            switch member.kind {
            case .text: writeType("string", of: member, to: &json)
            case .integer: writeType("integer", of: member, to: &json)
            case .boolean: writeType("boolean", of: member, to: &json)
            case .texts:
                json.member("type", "array")
                json.member("items") { json in json.object { $0.member("type", "string") } }
            case .textOrTexts:
                json.member("type", ["string", "array"])
                json.member("items") { json in json.object { $0.member("type", "string") } }
            case .object(let inner), .objects(let inner):
                json.member("type", "array")
                json.member("items") { write(inner, to: &$0) }
            }
            json.member("description", member.summary)
        }
    }

    private static func writeType(_ name: String, of member: BodyMember, to json: inout JSONWriter) {
        if member.isNullable {
            json.member("type", [name, "null"])
        } else {
            json.member("type", name)
        }
    }

    /// The one error body.
    private static func writeError(to json: inout JSONWriter) {
        json.object { json in
            json.member("type", "object")
            json.member("required", ["Message"])
            json.member("properties") { json in
                json.object { json in
                    for name in ["Message", "error", "error_description"] {
                        json.member(name) { json in json.object { $0.member("type", "string") } }
                    }
                    json.member("ModelState") { json in
                        json.object { json in
                            json.member("type", "object")
                            json.member("description", "What cannot be read, by member.")
                            json.member("additionalProperties") { json in
                                json.object { json in
                                    json.member("type", "array")
                                    json.member("items") { json in json.object { $0.member("type", "string") } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    private static func writeSecuritySchemes(to json: inout JSONWriter) {
        let schemes = [
            ("bearer", "bearer", "An access token (RFC 6750)."),
            (
                "client", "basic",
                "Client id and secret, both form-encoded (RFC 6749 §2.3.1); or client_id and client_secret in the body."
            ),
            ("password", "basic", "Name and password of a person (RFC 7617)."),
        ]
        json.object { json in
            for (name, scheme, description) in schemes {
                json.member(name) { json in
                    json.object { json in
                        json.member("type", "http")
                        json.member("scheme", scheme)
                        json.member("description", description)
                    }
                }
            }
        }
    }
}

extension AnswerDescription.Body {
    /// The body whose members are listed, if it has one.
    fileprivate var described: (any DescribedBody)? {
        switch self {
        case .json(let body): body
        case .negotiated(let body): body
        case .none, .error, .document: nil
        }
    }
}
