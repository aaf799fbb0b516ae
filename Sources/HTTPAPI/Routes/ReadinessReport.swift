/// What `/readyz` says: whether anybody can be let in, and the state of each source.
public struct ReadinessReport: Sendable, Hashable {
    /// Whether a source can be asked.
    public enum State: String, Sendable, Hashable {
        /// It answered last time.
        case up
        /// It did not.
        case down
        /// Nobody has asked it yet.
        case unknown
        /// It works, but nobody is in it.
        case empty
    }

    /// One host of a directory.
    public struct Host: Sendable, Hashable {
        /// Its URL.
        public var url: String
        /// How it is doing, in the directory's own words.
        public var state: String
        /// Since when, in seconds since the epoch.
        public var since: Int64
        /// Failures in a row.
        public var failures: Int
        /// Why it does not answer; never a secret.
        public var error: String?

        /// A host.
        public init(url: String, state: String, since: Int64, failures: Int, error: String?) {
            self.url = url
            self.state = state
            self.since = since
            self.failures = failures
            self.error = error
        }
    }

    /// One source of people, or the store.
    public struct Source: Sendable, Hashable {
        /// Its name in the configuration, "local" or "storage".
        public var name: String
        /// Whether it can be asked now.
        public var state: State
        /// Why it cannot, or more about how it can; never a secret.
        public var detail: String?
        /// Its hosts, in order of preference.
        public var hosts: [Host]

        /// A source.
        public init(name: String, state: State, detail: String? = nil, hosts: [Host] = []) {
            self.name = name
            self.state = state
            self.detail = detail
            self.hosts = hosts
        }
    }

    /// False only while nobody at all can be let in.
    public var isReady: Bool
    /// In the order of the configuration.
    public var sources: [Source]

    /// A report.
    public init(isReady: Bool, sources: [Source]) {
        self.isReady = isReady
        self.sources = sources
    }

    /// "ready", "degraded" while somebody can be let in though a source is down, or "not ready".
    var status: String {
        guard isReady else { return "not ready" }
        return sources.contains { $0.state == .down } ? "degraded" : "ready"
    }

    /// `{"status":"ready","sources":[{"name":"corp","state":"up","detail":null,"hosts":[…]}]}`.
    func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("status", status)
            json.member("sources") { json in json.array(sources, Self.write) }
        }
        return writer.octets
    }

    private static func write(_ json: inout JSONWriter, _ source: Source) {
        json.object { json in
            json.member("name", source.name)
            json.member("state", source.state.rawValue)
            json.member("detail", source.detail)
            guard !source.hosts.isEmpty else { return }
            json.member("hosts") { json in
                json.array(source.hosts) { json, host in
                    json.object { json in
                        json.member("url", host.url)
                        json.member("state", host.state)
                        json.member("since", host.since)
                        json.member("failures", host.failures)
                        json.member("error", host.error)
                    }
                }
            }
        }
    }
}
