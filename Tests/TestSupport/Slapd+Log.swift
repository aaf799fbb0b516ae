// What the server noted: a test asks this to prove "exactly one bind" or "no new connection". Lines are written around
// the time of the answer; use `eventually` where the last one matters.

extension Slapd {
    /// Everything logged since the first start.
    public var log: String { text(ofFile: folder.path(of: "log")) }

    /// Lines of the log that contain a text.
    public func logLines(containing text: String) -> [String] {
        log.split(separator: "\n").filter { $0.contains(text) }.map(String.init)
    }

    /// How many bind requests came in, optionally for one DN as the client spelt it.
    public func bindRequests(dn: String? = nil) -> Int {
        let bind = " BIND dn=\"\(dn.map { $0 + "\"" } ?? "")"
        return countLines(ofFile: folder.path(of: "log"), containing: bind, " method=")
    }

    /// How many search requests came in, optionally only those whose line contains a text.
    public func searchRequests(containing text: String = "") -> Int {
        countLines(ofFile: folder.path(of: "log"), containing: " SRCH base=", text)
    }

    /// How many connections were accepted, those included with which this helper asked whether the server is up; see
    /// `connections(during:)` for a count without them.
    public var acceptedConnections: Int {
        countLines(ofFile: folder.path(of: "log"), containing: " ACCEPT from ")
    }

    /// How many connections were accepted while `body` ran.
    public func connections(during body: () async throws -> Void) async rethrows -> Int {
        let before = acceptedConnections
        try await body()
        return acceptedConnections - before
    }
}
