extension ResponseFormat {
    // In order of preference; what a range such as `text/*` matches is the first that lies in it.
    private static let writers: [(syntax: Syntax, type: String, subtype: String)] = [
        (.json, "application", "json"), (.json, "text", "json"), (.xml, "application", "xml"), (.xml, "text", "xml"),
    ]

    /// The format a request asks for: by Accept, else that of its body, else JSON. There is always one.
    ///
    /// - Parameters:
    ///   - accept: the Accept header, several lines joined by commas; one that cannot be read counts as absent.
    ///   - acceptCharset: the Accept-Charset header, likewise.
    ///   - contentType: the Content-Type header of the request, whether or not its body could be read.
    public static func negotiate(accept: String?, acceptCharset: String?, contentType: String?) -> ResponseFormat {
        // What nearly every client sends.
        if acceptCharset == nil,
            contentType == nil || contentType == "application/json" || contentType == MediaType.form,
            accept == nil || accept == "*/*" || accept == "application/json"
        {
            return .json
        }
        let body = contentType.flatMap { MediaType($0) }
        let encoding =
            acceptCharset.flatMap(encoding(acceptCharset:)) ?? body?.charset.flatMap { TextEncoding(charset: $0) }
            ?? .utf8
        if let accept, let list = MediaType.list(accept), let best = best(of: list) {
            return ResponseFormat(best.syntax, mediaType: best.mediaType, encoding: encoding)
        }
        if let body, let writer = writers.first(where: { $0.type == body.type && $0.subtype == body.subtype }) {
            return ResponseFormat(writer.syntax, mediaType: body.essence, encoding: encoding)
        }
        return ResponseFormat(.json, mediaType: "application/json", encoding: encoding)
    }

    private struct Match {
        var weight: Int
        // 2 for a literal type, 1 for `type/*`, 0 for `*/*`.
        var precision: Int
        var syntax: Syntax
        var mediaType: String

        func isBetter(than other: Match) -> Bool {
            if weight != other.weight {
                return weight > other.weight
            }
            if precision != other.precision {
                return precision > other.precision
            }
            return syntax == .json && other.syntax == .xml
        }
    }

    private static func best(of list: [MediaType]) -> Match? {
        var best: Match?
        for range in list where range.weight > 0 {
            guard
                let writer = writers.first(where: {
                    range.type == "*" || range.type == $0.type && (range.subtype == "*" || range.subtype == $0.subtype)
                })
            else {
                continue
            }
            let match = Match(
                weight: range.weight,
                precision: range.type == "*" ? 0 : range.subtype == "*" ? 1 : 2,
                syntax: writer.syntax,
                mediaType: writer.type + "/" + writer.subtype
            )
            // On a full tie the one named first stays.
            if best.map({ match.isBetter(than: $0) }) ?? true {
                best = match
            }
        }
        return best
    }

    /// The charset of the highest weight that can be written, the first of equals; `*` is utf-8 (RFC 9110 §12.5.2).
    private static func encoding(acceptCharset: String) -> TextEncoding? {
        var scanner = HeaderScanner(acceptCharset)
        var best: (encoding: TextEncoding, weight: Int)?
        repeat {
            scanner.skipBlanks()
            if scanner.isAtEnd || scanner.isAt(",") {
                continue
            }
            guard let name = scanner.token(), let parameters = scanner.parameters() else {
                return nil
            }
            let quality = parameters.first { $0.name == "q" }?.value
            guard let weight = quality.map(HeaderScanner.weight) ?? 1_000_000 else {
                return nil
            }
            if weight > (best?.weight ?? 0), let encoding = name == "*" ? .utf8 : TextEncoding(charset: name) {
                best = (encoding, weight)
            }
        } while scanner.skip(",")
        return scanner.isAtEnd ? best?.encoding : nil
    }
}
