internal import Authentication

extension LoginMetrics {
    /// Writes what was counted.
    public func write(to page: inout MetricsPage) {
        outcomes(logins, "ldapauthd_logins_total", "Logins with a password, by the source that decided.", &page)
        outcomes(refreshes, "ldapauthd_refreshes_total", "Sessions asked to be refreshed.", &page)
        page.family(
            "ldapauthd_tokens_issued_total",
            .counter,
            "Access tokens given out, by grant and client of the configuration."
        )
        for (labels, value) in Self.counted(issued.values.map { (["grant": $0.grant, "client": $0.client], $1) }) {
            page.sample("ldapauthd_tokens_issued_total", labels, value)
        }
        page.family("ldapauthd_audit_events_total", .counter, "Lines of the audit log, whether it is on or not.")
        for kind in AuditEvent.Kind.allCases {
            page.sample("ldapauthd_audit_events_total", [("event", kind.rawValue)], Double(events[kind]?.value ?? 0))
        }
        writePhases(to: &page)
    }

    private func outcomes(
        _ family: CounterFamily<Outcome>,
        _ name: String,
        _ help: String,
        _ page: inout MetricsPage
    ) {
        page.family(name, .counter, help)
        for (labels, value) in Self.counted(family.values.map { (["source": $0.source, "outcome": $0.outcome], $1) }) {
            page.sample(name, labels, value)
        }
    }

    /// In a fixed order. Outcomes that never were are left out, but for success, so that a rate of it is there at once.
    private static func counted(_ values: [([String: String], UInt64)]) -> [(MetricsPage.Labels, Double)] {
        values.filter { $0.1 > 0 || $0.0["outcome"] == success }
            .map { labels, value in
                (labels.sorted { $0.key > $1.key }.map { (name: $0.key, value: $0.value) }, Double(value))
            }
            .sorted { $0.0.map(\.value).lexicographicallyPrecedes($1.0.map(\.value)) }
    }

    private func writePhases(to page: inout MetricsPage) {
        let name = "ldapauthd_login_phase_seconds"
        page.family(name, .histogram, "How long each phase of a login took; total is the whole of it.")
        let bounds = DurationHistogram.bounds.map { Double($0) / 1e9 }
        for (source, times) in allTimes.sorted(by: { $0.key < $1.key }) {
            for phase in LoginPhase.allCases {
                let (counts, sum) = times[phase].snapshot
                guard counts.contains(where: { $0 > 0 }) else { continue }
                page.histogram(
                    name,
                    [("source", source), ("phase", phase.name)],
                    bounds: bounds,
                    counts: counts,
                    sum: sum
                )
            }
        }
    }
}
