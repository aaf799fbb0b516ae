internal import NIOHTTP1

/// The endpoints by path. Paths are compared without regard to case, a trailing slash is accepted.
struct EndpointTable: Sendable {
    /// All endpoints of one path.
    struct Resource: Sendable {
        /// At least one.
        let endpoints: [Endpoint]

        /// As the table spells it, without the base path.
        var path: String { endpoints[0].path }

        /// The value of `Allow` (RFC 9110 §10.2.1).
        var allow: String {
            endpoints.flatMap { $0.method == .GET ? ["GET", "HEAD"] : [$0.method.rawValue] }.joined(separator: ", ")
        }

        /// True when any of them takes credentials.
        var carriesCredentials: Bool { endpoints.contains(where: \.carriesCredentials) }

        /// True when nothing of them may be cached.
        var isNeverCached: Bool { endpoints.contains { $0.caching == .never } }

        /// The endpoint for a method; HEAD is a GET whose body stays here.
        func endpoint(for method: HTTPMethod) -> Endpoint? {
            let method = method == .HEAD ? .GET : method
            return endpoints.first { $0.method == method }
        }
    }

    private let resources: [String: Resource]

    /// A table of `endpoints`, all below `basePath` ("" or "/prefix").
    init(_ endpoints: [Endpoint], basePath: String = "") {
        let grouped = Dictionary(grouping: endpoints) { RequestTarget(basePath + $0.path).key }
        resources = grouped.mapValues { Resource(endpoints: $0) }
    }

    /// What lies at the target's path, or nil.
    func resource(at target: RequestTarget) -> Resource? {
        resources[target.key]
    }
}
