/// What `/readyz` says: whether anybody can be let in, and the state of each source.
public struct ReadinessReport: Sendable, Hashable {
    /// One source of people, or the store.
    public struct Source: Sendable, Hashable {
        /// Its name in the configuration, "local" or "storage".
        public var name: String
        /// True when it can be asked now.
        public var isUp: Bool
        /// Why it cannot, or more about how it can; never a secret.
        public var detail: String?

        /// A source.
        public init(name: String, isUp: Bool, detail: String? = nil) {
            self.name = name
            self.isUp = isUp
            self.detail = detail
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

    /// `{"status":"ready","sources":[{"name":"corp","state":"up","detail":null}]}`.
    func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("status", isReady ? "ready" : "not ready")
            json.member("sources") { json in
                json.array(sources) { json, source in
                    json.object { json in
                        json.member("name", source.name)
                        json.member("state", source.isUp ? "up" : "down")
                        json.member("detail", source.detail)
                    }
                }
            }
        }
        return writer.octets
    }
}
