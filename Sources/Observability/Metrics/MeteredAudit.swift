public import Authentication

/// Counts audit events on their way to the log, by the names of one configuration.
public struct MeteredAudit: AuditSink {
    private let metrics: LoginMetrics
    private let log: any AuditSink
    private let sources: [String: PhaseTimes]
    private let clients: Set<String>

    /// - Parameters:
    ///   - sources: the names that may become labels; whatever else an event names counts as "other".
    ///   - log: where the events go on to; `NoAudit` when they are only counted.
    public init(_ metrics: LoginMetrics, sources: [String], clients: [String], log: any AuditSink) {
        self.metrics = metrics
        self.log = log
        self.sources = Dictionary(
            (sources + [LoginMetrics.noSource]).map { ($0, metrics.times(of: $0)) },
            uniquingKeysWith: { first, _ in first }
        )
        self.clients = Set(clients)
    }

    /// Counts and passes on; returns at once.
    public func record(_ event: AuditEvent) {
        let source = label(of: event.source)
        let client = event.client.map { clients.contains($0) ? $0 : LoginMetrics.other } ?? LoginMetrics.noSource
        metrics.count(event, source: source, client: client, times: sources[source])
        log.record(event)
    }

    /// Of several sources that were asked in vain the first counts.
    private func label(of source: String?) -> String {
        guard let source, !source.isEmpty else { return LoginMetrics.noSource }
        if sources[source] != nil { return source }
        guard let first = source.split(separator: ",").first.map(String.init), sources[first] != nil else {
            return LoginMetrics.other
        }
        return first
    }
}
