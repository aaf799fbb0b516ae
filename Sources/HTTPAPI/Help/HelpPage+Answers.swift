internal import NIOHTTP1

extension HelpPage {
    /// What the endpoint answers: first what is good, with its members, then every refusal.
    func writeAnswers(to html: inout HTMLWriter) {
        html.element("h2", "Answers")
        for answer in endpoint.answers where answer.status < 400 {
            html.element("h3", Self.title(answer))
            html.element("p") { $0.prose(answer.summary) }
            writeHeaders(answer, to: &html)
            switch answer.body {
            case .none, .error: break
            case .document(let mediaType):
                html.element("p") { $0.prose("The body is `\(mediaType)`.") }
            case .json(let body):
                writeMembers(type(of: body).members, to: &html)
                html.element("h3", "JSON")
                html.element("pre", String(decoding: JSONWriter.octets(of: body), as: UTF8.self))
            case .negotiated(let body):
                writeMembers(type(of: body).members, to: &html)
                html.element("h3", "JSON")
                html.element("pre", String(decoding: JSONWriter.octets(of: body), as: UTF8.self))
                html.element("h3", "XML")
                html.element("pre", Self.xml(body))
            }
        }
        html.element("h2", "Errors")
        html.element("p") {
            $0.prose("JSON or XML, as `Accept` asks or else as the body was sent; never `application/problem+json`.")
        }
        html.element("dl", ["class": "wide"]) { html in
            for answer in endpoint.answers + endpoint.commonAnswers {
                guard case .error(let error) = answer.body else { continue }
                html.element("div") { html in
                    html.element("dt") { html in
                        html.text(Self.title(answer))
                        if let code = error.error {
                            html.text(" ")
                            html.element("code", code)
                        }
                    }
                    html.element("dd") { html in
                        html.element("p", ["class": "said"], error.message)
                        html.prose(answer.summary)
                        writeHeaders(answer, to: &html)
                        html.element("details") { html in
                            html.element("summary", "Body in JSON and XML")
                            html.element("pre", String(decoding: JSONWriter.octets(of: error), as: UTF8.self))
                            html.element("pre", Self.xml(error))
                        }
                    }
                }
            }
        }
    }

    private func writeHeaders(_ answer: AnswerDescription, to html: inout HTMLWriter) {
        guard !answer.headers.isEmpty else { return }
        html.element("dl") { html in
            for header in answer.headers {
                html.element("div") { html in
                    html.element("dt") { $0.element("code", header.name) }
                    html.element("dd") { html in
                        html.element("code", header.sample)
                        if !header.summary.isEmpty { html.prose(" – " + header.summary) }
                    }
                }
            }
        }
    }

    private func writeMembers(_ members: [BodyMember], to html: inout HTMLWriter) {
        html.element("dl") { html in
            for (name, member) in Self.flat(members) {
                var words = [member.kind.summary]
                if member.isNullable { words.append("or null") }
                if !member.isAlwaysThere { words.append("may be left out") }
                Self.item(name, words, member.summary, in: &html)
            }
        }
    }

    /// The members of inner objects behind the member that holds them.
    private static func flat(_ members: [BodyMember], below parent: String = "") -> [(name: String, member: BodyMember)]
    {
        members.flatMap { member -> [(name: String, member: BodyMember)] in
            let name = parent + member.name
            switch member.kind {
            case .object(let inner): return [(name, member)] + flat(inner, below: name + ".")
            case .objects(let inner): return [(name, member)] + flat(inner, below: name + "[].")
            default: return [(name, member)]
            }
        }
    }

    private static func title(_ answer: AnswerDescription) -> String {
        let status = HTTPResponseStatus(statusCode: answer.status)
        return "\(status.code) \(status.reasonPhrase)"
    }

    static func xml(_ body: some WireBody) -> String {
        var writer = XMLWriter()
        body.write(to: &writer)
        return String(decoding: writer.octets, as: UTF8.self)
    }
}

extension BodyMember.Kind {
    /// For people.
    fileprivate var summary: String {
        switch self {
        case .text: "text"
        case .integer: "integer"
        case .boolean: "boolean"
        case .texts: "list of texts"
        case .textOrTexts: "text, or a list of several"
        case .object: "object"
        case .objects: "list of objects"
        }
    }
}
