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
            return endpoints.first { $0.method == method || $0.takesAnyMethod }
        }
    }

    /// A resource, and what stands in the path where its route has a parameter.
    struct Match: Sendable {
        let resource: Resource
        let value: String?
    }

    /// All rows, in the order given.
    let endpoints: [Endpoint]
    private let resources: [String: Resource]
    /// By the path before the parameter.
    private let parameterized: [String: Resource]

    /// A table of `endpoints`, all below `basePath` ("" or "/prefix").
    init(_ endpoints: [Endpoint], basePath: String = "") {
        self.endpoints = endpoints
        var resources: [String: [Endpoint]] = [:]
        var parameterized: [String: [Endpoint]] = [:]
        for endpoint in endpoints {
            let path = basePath + endpoint.path
            if endpoint.path.hasSuffix("}"), let slash = path.lastIndex(of: "/") {
                parameterized[RequestTarget(String(path[..<slash])).key, default: []].append(endpoint)
            } else {
                resources[RequestTarget(path).key, default: []].append(endpoint)
            }
            if endpoint.answersBeforeBasePath, !basePath.isEmpty {
                resources[RequestTarget(endpoint.path + basePath).key, default: []].append(endpoint)
            }
        }
        self.resources = resources.mapValues { Resource(endpoints: $0) }
        self.parameterized = parameterized.mapValues { Resource(endpoints: $0) }
    }

    /// What lies at the target's path, or nil.
    func match(_ target: RequestTarget) -> Match? {
        let key = target.key
        if let resource = resources[key] { return Match(resource: resource, value: nil) }
        guard let slash = key.lastIndex(of: "/"), let resource = parameterized[String(key[..<slash])] else {
            return nil
        }
        let value = key[key.index(after: slash)...]
        return value.isEmpty ? nil : Match(resource: resource, value: String(value))
    }
}
