import Authentication
import DirectoryAuth
import EventPoller
import HTTPAPI
import Observability
import Storage
import Tokens

/// Gathers `/metrics` from every room. What happens often is counted where it happens; the rest is asked now.
struct MetricsReport: Sendable {
    let foundations: Foundations
    let inForce: InForce
    let api: APIServer
    let sessions: SessionCount

    init(foundations: Foundations, inForce: InForce, api: APIServer) {
        self.foundations = foundations
        self.inForce = inForce
        self.api = api
        let store = foundations.store
        sessions = SessionCount { () async throws(StoreError) in
            try await store.openSessions(at: SystemWallClock().now())
        }
    }

    func page() async -> (type: String, page: [UInt8]) {
        var page = MetricsPage()
        page.family("ldapauthd_build_info", .gauge, "Always 1; the version is a label.")
        page.sample("ldapauthd_build_info", [("version", Version.number)], 1)
        foundations.metrics.write(to: &page)
        writeThrottle(&page)
        foundations.reloads.write(to: &page)
        await writeDirectories(&page)
        writeThreads(&page)
        await writeStore(&page)
        writeHTTP(&page)
        page.single(
            "ldapauthd_log_dropped_total",
            .counter,
            "Log records dropped because whoever reads the log was too slow.",
            Double(foundations.output.dropped)
        )
        foundations.process.write(to: &page)
        return (MetricsPage.contentType, page.octets)
    }

    private func writeDirectories(_ page: inout MetricsPage) async {
        let directories = inForce.rooms.directories.map(\.directory)
        guard !directories.isEmpty else { return }
        page.family("ldapauthd_directory_up", .gauge, "1 while the directory may answer, 0 while every host is down.")
        for directory in directories {
            let isUp = directory.status.mayAnswer
            page.sample("ldapauthd_directory_up", [("directory", directory.name)], isUp ? 1 : 0)
        }
        page.family("ldapauthd_directory_host_state", .gauge, "1 for the state a host is in.")
        for directory in directories {
            for host in directory.status.hosts {
                page.sample(
                    "ldapauthd_directory_host_state",
                    [("directory", directory.name), ("host", host.url), ("state", host.state.rawValue)],
                    1
                )
            }
        }
        var hosts: [HostFigures] = []
        for directory in directories {
            for (url, statistics) in await directory.statistics {
                hosts.append(HostFigures(directory: directory.name, host: url, statistics: statistics))
            }
        }
        HostFigures.write(hosts, to: &page)
    }

    private func writeThrottle(_ page: inout MetricsPage) {
        let name = "ldapauthd_throttle_refusals_total"
        let refusals = foundations.throttle.refusals
        page.family(name, .counter, "Attempts answered by the throttle, without asking anybody.")
        for (reason, count) in [
            ("account", refusals.account), ("address", refusals.address), ("repeated", refusals.repeated),
        ] {
            page.sample(name, [("reason", reason)], Double(count))
        }
    }

    private func writeThreads(_ page: inout MetricsPage) {
        let pools = [
            ("blocking", foundations.pools.blocking), ("hash", foundations.pools.hashes),
            ("tickets", foundations.pools.tickets),
        ]
        page.family("ldapauthd_pool_waiting", .gauge, "Calls that wait for a thread of the pool.")
        for (name, pool) in pools { page.sample("ldapauthd_pool_waiting", [("pool", name)], Double(pool.waiting)) }
        page.family("ldapauthd_pool_running", .gauge, "Calls under way on threads of the pool.")
        for (name, pool) in pools { page.sample("ldapauthd_pool_running", [("pool", name)], Double(pool.running)) }
        page.family("ldapauthd_pool_completed_total", .counter, "Calls the pool has finished.")
        for (name, pool) in pools {
            page.sample("ldapauthd_pool_completed_total", [("pool", name)], Double(pool.completed))
        }
        page.single(
            "ldapauthd_poller_turns_total",
            .counter,
            "Turns of the loop that serves the directories' connections.",
            Double(foundations.poller.turns)
        )
        page.single(
            "ldapauthd_poller_waiting",
            .gauge,
            "Jobs that wait for the loop that serves the directories' connections.",
            Double(foundations.poller.waiting)
        )
    }

    private func writeStore(_ page: inout MetricsPage) async {
        let store = foundations.store.statistics()
        let isUp = foundations.feed.failure == nil
        page.single("ldapauthd_store_up", .gauge, "1 while the store answers.", isUp ? 1 : 0)
        page.single("ldapauthd_store_reads_total", .counter, "Reads answered.", Double(store.reads))
        page.single("ldapauthd_store_writes_total", .counter, "Writes answered, failed ones too.", Double(store.writes))
        page.single("ldapauthd_store_waiting", .gauge, "Writes that wait for a transaction.", Double(store.waiting))
        page.single(
            "ldapauthd_store_refused_total",
            .counter,
            "Writes refused because too many waited.",
            Double(store.refused)
        )
        page.single(
            "ldapauthd_store_failed_transactions_total",
            .counter,
            "Transactions that could not be begun or committed.",
            Double(store.failedBatches)
        )
        let seconds = "ldapauthd_store_transaction_seconds"
        page.family(seconds, .histogram, "From the beginning of a transaction to its being durable.")
        page.histogram(
            seconds,
            bounds: StoreStatistics.batchTimeBounds.map { $0 / .seconds(1) },
            counts: store.batchTimes,
            sum: store.timeInBatches / .seconds(1)
        )
        let size = "ldapauthd_store_batch_size"
        page.family(size, .histogram, "Writes that went together in one transaction.")
        page.histogram(
            size,
            bounds: StoreStatistics.batchSizeBounds.map(Double.init),
            counts: store.batchSizes,
            sum: Double(store.writes)
        )
        guard isUp, let open = await sessions.value() else { return }
        page.single("ldapauthd_sessions_open", .gauge, "Sessions that were open at the last count.", Double(open))
    }

    private func writeHTTP(_ page: inout MetricsPage) {
        let endpoints = api.endpointStatistics
        let requests = "ldapauthd_http_requests_total"
        page.family(requests, .counter, "Answers by endpoint and class of status.")
        for endpoint in endpoints {
            for (status, count) in endpoint.answers where count > 0 || status == "2xx" {
                page.sample(requests, [("endpoint", endpoint.path), ("status", status)], Double(count))
            }
        }
        let seconds = "ldapauthd_http_request_seconds"
        page.family(seconds, .histogram, "From the whole request to the answer, by endpoint.")
        let bounds = EndpointStatistics.timeBounds.map { $0 / .seconds(1) }
        // Buckets of endpoints nobody asks would be most of the page.
        for endpoint in endpoints where endpoint.times.contains(where: { $0 > 0 }) {
            page.histogram(
                seconds,
                [("endpoint", endpoint.path)],
                bounds: bounds,
                counts: endpoint.times,
                sum: endpoint.time / .seconds(1)
            )
        }
        page.single("ldapauthd_http_connections", .gauge, "Connections of clients.", Double(api.connections))
        page.single(
            "ldapauthd_http_connections_max",
            .gauge,
            "So many connections of clients there may be.",
            Double(inForce.rooms.configuration.http.maxConnections)
        )
        page.single(
            "ldapauthd_http_connections_refused_total",
            .counter,
            "Connections closed at once because there were too many.",
            Double(api.refusedConnections)
        )
        guard let expiry = api.certificateExpiry else { return }
        page.single(
            "ldapauthd_certificate_expiry_timestamp_seconds",
            .gauge,
            "When the certificate shown to clients ends, in seconds since the epoch.",
            Double(expiry)
        )
    }
}
