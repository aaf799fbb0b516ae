/// A media type as it stands in Content-Type or, with a weight, in Accept (RFC 9110 §8.3.1 and §12.5.1).
public struct MediaType: Sendable, Hashable {
    /// That of a form, as nearly every client spells it.
    static let form = "application/x-www-form-urlencoded"

    /// Before the slash, in lower case.
    public let type: String
    /// Behind the slash, in lower case.
    public let subtype: String
    /// As the client spelled it, without parameters.
    public let spelling: String
    /// The `charset` parameter, in lower case; nil when there is none.
    public let charset: String?
    /// The `q` parameter in millionths; 1 000 000 when there is none.
    let weight: Int

    /// Reads one media type with its parameters; nil when the text is not one.
    public init?(_ text: String) {
        var scanner = HeaderScanner(text)
        guard let media = MediaType(scanning: &scanner), scanner.isAtEnd else {
            return nil
        }
        self = media
    }

    /// Reads the list of an Accept header; nil when any part of it cannot be read.
    static func list(_ text: String) -> [MediaType]? {
        var scanner = HeaderScanner(text)
        var list: [MediaType] = []
        repeat {
            // Empty elements are allowed and mean nothing (RFC 9110 §5.6.1.2).
            scanner.skipBlanks()
            if scanner.isAtEnd || scanner.isAt(",") {
                continue
            }
            guard let media = MediaType(scanning: &scanner) else {
                return nil
            }
            list.append(media)
        } while scanner.skip(",")
        return scanner.isAtEnd ? list : nil
    }

    private init?(scanning scanner: inout HeaderScanner) {
        scanner.skipBlanks()
        guard let first = scanner.token(), scanner.skip("/"), let second = scanner.token() else {
            return nil
        }
        type = first.lowercased()
        subtype = second.lowercased()
        spelling = first + "/" + second
        guard type != "*" || subtype == "*", let parameters = scanner.parameters() else {
            return nil
        }
        charset = parameters.first { $0.name == "charset" }?.value.lowercased()
        if let quality = parameters.first(where: { $0.name == "q" }) {
            guard let weight = HeaderScanner.weight(quality.value) else {
                return nil
            }
            self.weight = weight
        } else {
            weight = 1_000_000
        }
    }

    /// `type/subtype` in lower case.
    public var essence: String { type + "/" + subtype }
}
