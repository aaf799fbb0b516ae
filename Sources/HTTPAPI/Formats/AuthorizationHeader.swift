/// What an Authorization header says; the scheme is compared without case (RFC 9110 §11.1).
public enum AuthorizationHeader: Sendable {
    /// A bearer token (RFC 6750 §2.1), unchecked.
    case bearer(String)
    /// A user or client with a password; nil when what follows the scheme cannot be read.
    case basic(BasicCredentials?)
    /// Any other scheme, in lower case, and what follows it.
    case other(scheme: String, value: String)

    /// Reads the value of the header.
    public init(_ header: String) {
        let octets = Array(header.utf8).drop { $0 == UInt8(ascii: " ") }
        let scheme = octets.prefix { $0 != UInt8(ascii: " ") }
        var value = octets[scheme.endIndex...].drop { $0 == UInt8(ascii: " ") }
        while value.last == UInt8(ascii: " ") {
            value.removeLast()
        }
        if ScalarText.equal(scheme, "bearer".utf8) {
            self = .bearer(String(decoding: value, as: UTF8.self))
        } else if ScalarText.equal(scheme, "basic".utf8) {
            self = .basic(BasicCredentials(base64: value))
        } else {
            self = .other(
                scheme: String(decoding: scheme, as: UTF8.self).lowercased(),
                value: String(decoding: value, as: UTF8.self)
            )
        }
    }

    /// The scheme of a header in lower case, without looking at what follows it.
    static func scheme(of header: String) -> String {
        header.drop { $0 == " " }.prefix { $0 != " " }.lowercased()
    }
}
