import TestSupport
import Testing

/// A real client: one curl process a request.
struct Curl {
    struct Answer {
        var status: Int
        var headers: [String: String]
        var body: String
        /// How many answers came before this one: challenges that curl took up.
        var challenges = 0

        /// A text member of a JSON body.
        func text(_ member: String) -> String? {
            guard let start = body.range(of: "\"\(member)\":\"")?.upperBound else { return nil }
            return body[start...].firstIndex(of: "\"").map { String(body[start..<$0]) }
        }

        /// A number member of a JSON body.
        func number(_ member: String) -> Int? {
            guard let start = body.range(of: "\"\(member)\":")?.upperBound else { return nil }
            return Int(body[start...].prefix { $0.isNumber || $0 == "-" })
        }
    }

    /// Sends a request; the arguments are curl's own.
    static func send(
        _ arguments: [String],
        body: [UInt8]? = nil,
        environment: [String: String] = [:],
        within limit: Duration = .seconds(30)
    ) async throws -> Answer {
        var all = ["-s", "-i", "--max-time", String(limit.components.seconds)] + arguments
        if body != nil { all += ["--data-binary", "@-"] }
        KnownSecrets.shared.note(curl: arguments, body: body)
        let outcome = try await ChildProcess.run(
            "curl",
            all,
            environment: environment,
            input: body ?? [],
            within: limit + .seconds(5)
        )
        guard outcome.succeeded else { throw CurlError(description: "curl: \(outcome.exit) \(outcome.errorOutput)") }
        let answer = try parse(outcome.output)
        KnownSecrets.shared.note(text: answer.body)
        return answer
    }

    /// Posts a form; the fields are encoded by curl.
    static func form(
        _ url: String,
        _ fields: KeyValuePairs<String, String>,
        _ more: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> Answer {
        try await send(
            more + fields.flatMap { ["--data-urlencode", "\($0.key)=\($0.value)"] } + [url],
            environment: environment
        )
    }

    private static func parse(_ text: String) throws -> Answer {
        var rest = text[...]
        var challenges = 0
        while true {
            guard let end = rest.range(of: "\r\n\r\n") else {
                throw CurlError(description: "no head in: \(text.prefix(200))")
            }
            let lines = rest[..<end.lowerBound].split(separator: "\r\n")
            let status = lines.first.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
            let body = rest[end.upperBound...]
            if status == 100 || body.hasPrefix("HTTP/1.1 ") {
                if status != 100 { challenges += 1 }
                rest = body
                continue
            }
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                let value = line[line.index(after: colon)...].drop { $0 == " " }
                headers[line[..<colon].lowercased()] = String(value)
            }
            return Answer(status: status, headers: headers, body: String(body), challenges: challenges)
        }
    }
}

struct CurlError: Error, CustomStringConvertible {
    let description: String
}

extension String {
    /// Where `text` stands, without Foundation.
    func range(of text: String) -> Range<String.Index>? {
        self[...].range(of: text)
    }
}

extension Substring {
    func range(of text: String) -> Range<String.Index>? {
        let haystack = utf8
        let needle = Array(text.utf8)
        var index = haystack.startIndex
        while index != haystack.endIndex {
            if haystack[index...].starts(with: needle) {
                return index..<haystack.index(index, offsetBy: needle.count)
            }
            haystack.formIndex(after: &index)
        }
        return nil
    }
}
