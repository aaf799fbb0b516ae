internal import NIOHTTP1

/// The endpoints by path. Paths are compared without regard to case, a trailing slash is accepted.
struct EndpointTable: Sendable {
    /// One row. A class, because every request passes one around: one reference instead of all that an endpoint is made of.
    final class Row: Sendable {
        let endpoint: Endpoint

        init(_ endpoint: Endpoint) {
            self.endpoint = endpoint
        }
    }

    /// All endpoints of one path.
    final class Resource: Sendable {
        /// The value of `Allow` (RFC 9110 §10.2.1).
        let allow: String
        /// True when any of them takes credentials.
        let carriesCredentials: Bool
        /// True when nothing of them may be cached.
        let isNeverCached: Bool
        /// Where its answers are counted.
        let counter: RequestCounts.Counter
        private let rows: [Row]

        /// - Parameter endpoints: at least one.
        fileprivate init(_ endpoints: [Endpoint], _ counts: RequestCounts) {
            allow = endpoints.flatMap { $0.method == .GET ? ["GET", "HEAD"] : [$0.method.rawValue] }
                .joined(separator: ", ")
            carriesCredentials = endpoints.contains(where: \.carriesCredentials)
            isNeverCached = endpoints.contains { $0.caching == .never }
            counter = counts.counter(of: endpoints.first?.path)
            rows = endpoints.map(Row.init)
        }

        /// The endpoint for a method; HEAD is a GET whose body stays here.
        func row(for method: HTTPMethod) -> Row? {
            let method = method == .HEAD ? .GET : method
            return rows.first { $0.endpoint.method == method || $0.endpoint.takesAnyMethod }
        }
    }

    /// A resource, and what stands in the path where its route has a parameter.
    struct Match: Sendable {
        let resource: Resource
        let value: String?
    }

    /// All rows, in the order given.
    let endpoints: [Endpoint]
    /// Where answers are counted.
    let counts: RequestCounts
    private let resources: [String: Resource]
    /// By the path before the parameter.
    private let parameterized: [String: Resource]

    /// A table of `endpoints`, all below `basePath` ("" or "/prefix").
    init(_ endpoints: [Endpoint], basePath: String = "", counts: RequestCounts = RequestCounts(paths: [])) {
        self.endpoints = endpoints
        self.counts = counts
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
        self.resources = resources.mapValues { Resource($0, counts) }
        self.parameterized = parameterized.mapValues { Resource($0, counts) }
    }

    /// What lies at the target's path, or nil.
    func match(_ target: RequestTarget) -> Match? {
        // Most clients write a path as the table has it.
        if let resource = resources[target.path] { return Match(resource: resource, value: nil) }
        let key = target.key
        if let resource = resources[key] { return Match(resource: resource, value: nil) }
        guard let slash = key.lastIndex(of: "/"), let resource = parameterized[String(key[..<slash])] else {
            return nil
        }
        let value = key[key.index(after: slash)...]
        return value.isEmpty ? nil : Match(resource: resource, value: String(value))
    }
}
