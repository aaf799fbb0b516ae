internal import NIOHTTP1

/// Which other origins' browsers may call: `http.cors_origins` (Fetch standard §3.2); "*" lists them all.
/// Without origins it does nothing.
struct CrossOrigin: Sendable {
    private let origins: Set<String>

    init(origins: [String]) {
        self.origins = Set(origins.map { $0.lowercased() })
    }

    /// The Origin of a request, when it is listed.
    private func listed(_ request: IncomingRequest) -> String? {
        guard !origins.isEmpty, let origin = request.header("origin") else { return nil }
        return origins.contains(origin.lowercased()) || origins.contains("*") ? origin : nil
    }

    /// The headers every answer carries.
    func headers(for request: IncomingRequest) -> [(name: String, value: String)] {
        guard !origins.isEmpty else { return [] }
        // Caches must not hand one origin's answer to another.
        guard let origin = listed(request) else { return [("Vary", "Origin")] }
        return [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, WWW-Authenticate"),
            ("Vary", "Origin"),
        ]
    }

    /// The answer to a preflight from a listed origin; nil for everything else.
    func preflight(_ request: IncomingRequest, allow: String) -> OutgoingResponse? {
        guard request.head.method == .OPTIONS, listed(request) != nil else { return nil }
        return OutgoingResponse(
            .noContent,
            headers: [
                ("Access-Control-Allow-Methods", allow),
                ("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept"),
                ("Access-Control-Max-Age", "600"),
            ]
        )
    }
}
