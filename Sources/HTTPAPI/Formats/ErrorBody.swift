/// The one body of every refusal, for OAuth clients and Web API clients alike, with the status and the headers it needs.
public struct ErrorBody: Error, Sendable, Hashable {
    /// The HTTP status code.
    public var status: Int
    /// The `Message` member.
    public var message: String
    /// The `ModelState` member; left out when empty.
    public var modelState: [ModelStateEntry] = []
    /// The `error` member (RFC 6749 §5.2); left out when nil.
    public var error: String?
    /// The `error_description` member; left out when nil.
    public var errorDescription: String?
    /// The values of `WWW-Authenticate`, one header line each.
    public var challenges: [String] = []
    /// Whole seconds for `Retry-After`.
    public var retryAfter: Int?
    /// The value of `Allow`.
    public var allow: String?
    /// The value of `Accept-Encoding`, which tells why a body was not taken (RFC 9110 §15.5.16).
    public var acceptEncoding: String?
    /// True when the connection cannot go on, because the rest of the body was not read.
    public var closesConnection = false

    /// A body with nothing but a message, as Web API clients know it.
    public init(status: Int, message: String) {
        self.status = status
        self.message = message
    }

    /// A body that says the same to OAuth clients.
    public init(status: Int, error: String, description: String) {
        self.status = status
        message = description
        self.error = error
        errorDescription = description
    }

    /// The headers wanted besides Content-Type, the cache headers, and Connection, which the connection writes.
    public var headers: [(name: String, value: String)] {
        var headers = challenges.map { (name: "WWW-Authenticate", value: $0) }
        if let retryAfter {
            headers.append(("Retry-After", String(retryAfter)))
        }
        if let allow {
            headers.append(("Allow", allow))
        }
        if let acceptEncoding {
            headers.append(("Accept-Encoding", acceptEncoding))
        }
        return headers
    }
}

extension ErrorBody: WireBody {
    /// `Message`, `ModelState`, `error`, `error_description`; nothing is written as null.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("Message", message)
            if !modelState.isEmpty {
                json.member("ModelState") { json in
                    json.object { json in
                        for entry in modelState {
                            json.member(entry.key) { json in
                                json.array([entry.message]) { $0.string($1) }
                            }
                        }
                    }
                }
            }
            if let error {
                json.member("error", error)
            }
            if let errorDescription {
                json.member("error_description", errorDescription)
            }
        }
    }

    /// `Error` without a namespace, the members in the order of JSON.
    public func write(to xml: inout XMLWriter) {
        xml.element("Error") { xml in
            xml.element("Message", message)
            if !modelState.isEmpty {
                xml.element("ModelState") { xml in
                    for entry in modelState {
                        xml.element(entry.key, entry.message)
                    }
                }
            }
            if let error {
                xml.element("error", error)
            }
            if let errorDescription {
                xml.element("error_description", errorDescription)
            }
        }
    }
}
