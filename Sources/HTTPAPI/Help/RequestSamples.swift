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
        fields.map { "\(Self.encode($0.field.name))=\(Self.encode($0.sample))" }.joined(separator: "&")
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

    /// Path and query.
    private var target: String {
        let path = endpoint.path.split(separator: "/").map { segment in
            let parameter = endpoint.parameters.first { $0.place == .path && segment == "{\($0.name)}" }
            return parameter.map { Self.encode($0.sample) } ?? String(segment)
        }
        let query = endpoint.parameters.filter { $0.place == .query }.map { parameter in
            let values = parameter.sample.split(separator: ",").map { Self.encode(String($0)) }
            return "\(parameter.name)=\(values.joined(separator: ","))"
        }
        return "/" + path.joined(separator: "/") + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    /// A command line for a POSIX shell; `base` is the address below which the endpoints lie.
    func curl(base: String) -> String {
        var lines = ["curl -s \(Self.quote(base + target))"]
        if !fields.isEmpty {
            lines.append("-d \(Self.quote(form))")
        } else if endpoint.method != .GET {
            lines[0] = "curl -s -X \(endpoint.method.rawValue) \(Self.quote(base + target))"
        }
        if endpoint.security.contains(.bearer) { lines.append("-H \"Authorization: Bearer $TOKEN\"") }
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
