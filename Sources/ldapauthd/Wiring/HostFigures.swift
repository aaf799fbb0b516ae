import DirectoryAuth
import LDAPClient
import Observability

/// The connections to one host of a directory, for the metrics.
struct HostFigures: Sendable {
    let directory: String
    let host: String
    let statistics: LDAPHostStatistics

    private var labels: MetricsPage.Labels { [("directory", directory), ("host", host)] }

    static func write(_ hosts: [HostFigures], to page: inout MetricsPage) {
        let connections = "ldapauthd_directory_connections"
        page.family(connections, .gauge, "Connections to the host: shared service ones, and bind ones by use.")
        for host in hosts {
            for (kind, number) in [
                ("service", host.statistics.serviceOpen), ("bind_in_use", host.statistics.bindInUse),
                ("bind_idle", host.statistics.bindIdle),
            ] {
                page.sample(connections, host.labels + [("kind", kind)], Double(number))
            }
        }
        let waiting = "ldapauthd_directory_waiting"
        page.family(waiting, .gauge, "Requests that wait for a connection to the host.")
        for host in hosts {
            page.sample(waiting, host.labels + [("kind", "search")], Double(host.statistics.serviceWaiting))
            page.sample(waiting, host.labels + [("kind", "bind")], Double(host.statistics.bindWaiting))
        }
        gauge(hosts, "ldapauthd_directory_searches_in_flight", "Searches without an answer yet.", &page) {
            UInt64($0.serviceInFlight)
        }
        counter(hosts, "ldapauthd_directory_connects_total", "Connections attempted.", &page, \.dials)
        counter(hosts, "ldapauthd_directory_connect_failures_total", "Attempts that failed.", &page, \.dialFailures)
        counter(
            hosts,
            "ldapauthd_directory_connections_lost_total",
            "Connections lost or closed by the server.",
            &page,
            \.losses
        )
        certificates(hosts, &page)
    }

    /// Of hosts that were shaken hands with.
    private static func certificates(_ hosts: [HostFigures], _ page: inout MetricsPage) {
        let known = hosts.filter { $0.statistics.certificateExpiry != nil }
        guard !known.isEmpty else { return }
        let name = "ldapauthd_directory_certificate_expiry_timestamp_seconds"
        page.family(name, .gauge, "When the certificate ends that the host showed last, in seconds since the epoch.")
        for host in known { page.sample(name, host.labels, Double(host.statistics.certificateExpiry ?? 0)) }
    }

    private static func counter(
        _ hosts: [HostFigures],
        _ name: String,
        _ help: String,
        _ page: inout MetricsPage,
        _ value: KeyPath<LDAPHostStatistics, UInt64>
    ) {
        page.family(name, .counter, help)
        for host in hosts { page.sample(name, host.labels, Double(host.statistics[keyPath: value])) }
    }

    private static func gauge(
        _ hosts: [HostFigures],
        _ name: String,
        _ help: String,
        _ page: inout MetricsPage,
        _ value: (LDAPHostStatistics) -> UInt64
    ) {
        page.family(name, .gauge, help)
        for host in hosts { page.sample(name, host.labels, Double(value(host.statistics))) }
    }
}
