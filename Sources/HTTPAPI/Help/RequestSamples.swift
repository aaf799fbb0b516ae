internal import NIOHTTP1

/// Requests to paste, made of the description of an endpoint.
struct RequestSamples {
    private let endpoint: Endpoint
    private let fields: [(field: BodySchema.Field, sample: String)]

    init(_ endpoint: Endpoint) {
        self.endpoint = endpoint
        fields = (endpoint.body?.fields ?? []).compactMap { field in field.sample.map { (field: field, sample: $0) } }
    }

    /// The body as a form.
    var form: String {
        Self.form(fields)
    }

    private static func form(_ fields: [(field: BodySchema.Field, sample: String)]) -> String {
        fields.map { "\(encode($0.field.name))=\(encode($0.sample))" }.joined(separator: "&")
    }

    /// The body in JSON.
    func write(to json: inout JSONWriter) {
        json.object { json in
            for (field, sample) in fields {
                switch field.kind {
                case .text, .secret: json.member(field.name, sample)
                case .integer: json.member(field.name, Int(sample) ?? 0)
                case .boolean: json.member(field.name, sample == "true")
                }
            }
        }
    }

    /// The body in JSON, as text.
    var json: String {
        var writer = JSONWriter()
        write(to: &writer)
        return String(decoding: writer.octets, as: UTF8.self)
    }

    /// The body in XML, in the order a DataContract writes; nil where XML is not read.
    var xml: String? {
        guard let root = endpoint.body?.root else { return nil }
        var writer = XMLWriter()
        let contract = root.namespace.dropFirst(XMLWriter.dataContractNamespace.count)
        writer.root(root.name, namespace: String(contract)) { xml in
            for (field, sample) in fields.sorted(by: { $0.field.name < $1.field.name }) {
                xml.element(field.name, sample)
            }
        }
        return String(decoding: writer.octets, as: UTF8.self)
    }

    /// Path and query, without what may be left out: restrictions taken together would let nobody in.
    private var target: String {
        let path = endpoint.path.split(separator: "/").map { segment in
            let parameter = endpoint.parameters.first { $0.place == .path && segment == "{\($0.name)}" }
            return parameter.map { Self.encode($0.sample) } ?? String(segment)
        }
        let query = endpoint.parameters.filter { $0.place == .query && $0.isRequired }.map(Self.query)
        return "/" + path.joined(separator: "/") + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    /// A parameter as it stands in a query.
    static func query(_ parameter: Parameter) -> String {
        let values = parameter.sample.split(separator: ",").map { encode(String($0)) }
        return "\(parameter.name)=\(values.joined(separator: ","))"
    }

    /// Command lines for a POSIX shell, one for each way to prove oneself; `base` is the address below which the endpoints
    /// lie. They work as they stand where the demo's people are and `TOKEN` holds an access token.
    func curl(base: String) -> [String] {
        let proofs = endpoint.security.compactMap { security -> String? in
            switch security {
            case .client: nil
            case .bearer: "-H \"Authorization: Bearer $TOKEN\""
            case .basic: "-u \(Self.quote("\(BodySchema.samplePerson):\(BodySchema.samplePerson)"))"
            }
        }
        return proofs.isEmpty ? [curl(base: base, proof: nil)] : proofs.map { curl(base: base, proof: $0) }
    }

    private func curl(base: String, proof: String?) -> String {
        var command = "curl -s"
        // What has no body is told by status and headers.
        if case .none? = endpoint.answers.first?.body { command += " -i" }
        if fields.isEmpty, endpoint.method != .GET { command += " -X \(endpoint.method.rawValue)" }
        var lines = ["\(command) \(Self.quote(base + target))"]
        for (field, _) in fields {
            if let variable = field.variable { lines.append("-d \"\(Self.encode(field.name))=$\(variable)\"") }
        }
        let known = fields.filter { $0.field.variable == nil }
        if !known.isEmpty { lines.append("-d \(Self.quote(Self.form(known)))") }
        if let proof { lines.append(proof) }
        return lines.joined(separator: " \\\n  ")
    }

    /// As in a query or a form: everything but the unreserved characters of RFC 3986 §2.3 is escaped.
    private static func encode(_ text: String) -> String {
        var encoded = ""
        for octet in text.utf8 {
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(octet))
            default:
                let digits = String(octet, radix: 16, uppercase: true)
                encoded += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return encoded
    }

    /// One word of a POSIX shell.
    private static func quote(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
