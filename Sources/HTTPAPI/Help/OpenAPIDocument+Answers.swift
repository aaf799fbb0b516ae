extension OpenAPIDocument {
    private static let jsonTypes = ["application/json", "text/json"]
    private static let xmlTypes = ["application/xml", "text/xml"]

    /// One response for each status, whatever the number of cases.
    static func writeResponses(of endpoint: Endpoint, to json: inout JSONWriter) {
        let all = endpoint.answers + endpoint.commonAnswers
        var written: Set<Int> = []
        json.object { json in
            for answer in all where written.insert(answer.status).inserted {
                let cases = all.filter { $0.status == answer.status }
                json.member(String(answer.status)) { json in
                    json.object { json in
                        json.member("description", cases.map(\.summary).joined(separator: " "))
                        writeHeaders(of: cases, to: &json)
                        writeContent(of: cases, to: &json)
                    }
                }
            }
        }
    }

    private static func writeHeaders(of cases: [AnswerDescription], to json: inout JSONWriter) {
        let headers = cases.flatMap(\.headers)
        guard !headers.isEmpty else { return }
        var written: Set<String> = []
        json.member("headers") { json in
            json.object { json in
                for header in headers where written.insert(header.name).inserted {
                    let samples = headers.filter { $0.name == header.name }.map(\.sample)
                    json.member(header.name) { json in
                        json.object { json in
                            if !header.summary.isEmpty { json.member("description", header.summary) }
                            json.member("schema") { json in json.object { $0.member("type", "string") } }
                            write(samples, to: &json)
                        }
                    }
                }
            }
        }
    }

    /// All that a header may hold, each once.
    private static func write(_ samples: [String], to json: inout JSONWriter) {
        guard let first = samples.first, !samples.allSatisfy({ $0 == first }) else {
            json.member("example", samples.first ?? "")
            return
        }
        var written: Set<String> = []
        json.member("examples") { json in
            json.object { json in
                for sample in samples where written.insert(sample).inserted {
                    json.member("case\(written.count)") { json in json.object { $0.member("value", sample) } }
                }
            }
        }
    }

    private static func writeContent(of cases: [AnswerDescription], to json: inout JSONWriter) {
        let errors = cases.compactMap { answer -> (summary: String, error: ErrorBody)? in
            guard case .error(let error) = answer.body else { return nil }
            return (answer.summary, error)
        }
        if !errors.isEmpty {
            json.member("content") { write(errors, to: &$0) }
            return
        }
        guard let body = cases.first?.body else { return }
        switch body {
        case .none, .error: return
        case .document(let mediaType):
            json.member("content") { json in
                json.object { json in
                    json.member(mediaType) { json in
                        json.object { json in
                            json.member("schema") { json in
                                json.object { $0.member("type", mediaType == "application/json" ? "object" : "string") }
                            }
                        }
                    }
                }
            }
        case .json(let body):
            json.member("content") { json in
                json.object { writeJSON(body, in: ["application/json"], to: &$0) }
            }
        case .negotiated(let body):
            json.member("content") { json in
                json.object { json in
                    writeJSON(body, in: jsonTypes, to: &json)
                    for mediaType in xmlTypes {
                        json.member(mediaType) { json in json.object { $0.member("example", HelpPage.xml(body)) } }
                    }
                }
            }
        }
    }

    private static func writeJSON(_ body: some DescribedBody, in mediaTypes: [String], to json: inout JSONWriter) {
        for mediaType in mediaTypes {
            json.member(mediaType) { json in
                json.object { json in
                    json.member("schema") { writeReference(to: schemaName(body), to: &$0) }
                    json.member("example") { body.write(to: &$0) }
                }
            }
        }
    }

    /// All cases of one status, each an example.
    private static func write(_ errors: [(summary: String, error: ErrorBody)], to json: inout JSONWriter) {
        json.object { json in
            for mediaType in jsonTypes + xmlTypes {
                let isXML = xmlTypes.contains(mediaType)
                json.member(mediaType) { json in
                    json.object { json in
                        if !isXML { json.member("schema") { writeReference(to: "Error", to: &$0) } }
                        json.member("examples") { json in
                            json.object { json in
                                for (index, (summary, error)) in errors.enumerated() {
                                    json.member("case\(index + 1)") { json in
                                        json.object { json in
                                            json.member("summary", summary)
                                            json.member("value") { json in
                                                if isXML {
                                                    json.string(HelpPage.xml(error))
                                                } else {
                                                    error.write(to: &json)
                                                }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
