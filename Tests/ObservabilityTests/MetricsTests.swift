import Authentication
import Testing

@testable import Observability

@Suite struct MetricsTests {
    private func text(_ write: (inout MetricsPage) -> Void) -> String {
        var page = MetricsPage()
        write(&page)
        return String(decoding: page.octets, as: UTF8.self)
    }

    @Test func familiesAndLabelsAreWrittenAsPrometheusWantsThem() {
        let page = text { page in
            page.family("a_total", .counter, "One\nand \\ two.")
            page.sample("a_total", [("name", "quote \" back \\ line \n end")], 3)
            page.single("b", .gauge, "Half.", 0.5)
        }
        #expect(
            page == """
                # HELP a_total One\\nand \\\\ two.
                # TYPE a_total counter
                a_total{name="quote \\" back \\\\ line \\n end"} 3
                # HELP b Half.
                # TYPE b gauge
                b 0.5

                """
        )
    }

    @Test func aHistogramCountsUpToEachBound() {
        let page = text { $0.histogram("h", [("x", "y")], bounds: [1, 2.5], counts: [2, 3, 4], sum: 12.5) }
        #expect(
            page == """
                h_bucket{x="y",le="1"} 2
                h_bucket{x="y",le="2.5"} 5
                h_bucket{x="y",le="+Inf"} 9
                h_sum{x="y"} 12.5
                h_count{x="y"} 9

                """
        )
    }

    @Test(arguments: [
        (Duration.zero, 0), (.microseconds(250), 0), (.microseconds(251), 1), (.milliseconds(7), 5), (.seconds(10), 14),
        (.seconds(11), 15), (.seconds(-1), 0),
    ])
    func aDurationFallsInItsBucket(_ duration: Duration, _ place: Int) {
        let histogram = DurationHistogram()
        histogram.record(duration)
        let counts = histogram.snapshot.counts
        #expect(counts.firstIndex(of: 1) == place)
        #expect(counts.reduce(0, +) == 1)
    }

    private func event(_ kind: AuditEvent.Kind, _ change: (inout AuditEvent) -> Void = { _ in }) -> AuditEvent {
        var event = AuditEvent(kind)
        event.grant = "password"
        event.client = "web"
        event.source = "corp"
        change(&event)
        return event
    }

    @Test func whatStrangersWriteBecomesNoLabel() {
        let metrics = LoginMetrics(sources: ["corp", "local"], clients: ["web"])
        let audit = MeteredAudit(metrics, sources: ["corp", "local"], clients: ["web"], log: NoAudit())
        audit.record(event(.login) { $0.duration = .milliseconds(3) })
        for number in 0..<2000 {
            audit.record(
                event(.loginRefused) {
                    $0.user = "stranger\(number)"
                    $0.client = "client\(number)"
                    $0.source = nil
                    $0.reason = "invalid_client"
                }
            )
        }
        audit.record(
            event(.loginRefused) {
                $0.source = "corp,local"; $0.reason = "unavailable"
            }
        )
        audit.record(
            event(.login) {
                $0.source = nil; $0.grant = "client_credentials"
            }
        )
        audit.record(event(.refresh) { $0.grant = "refresh_token" })
        // A password proved to a proxy.
        audit.record(
            event(.login) {
                $0.source = "local"; $0.grant = nil; $0.client = nil
            }
        )
        audit.record(event(.throttle))
        let page = text(metrics.write)
        for line in [
            #"ldapauthd_logins_total{source="corp",outcome="success"} 1"#,
            #"ldapauthd_logins_total{source="corp",outcome="unavailable"} 1"#,
            #"ldapauthd_logins_total{source="none",outcome="invalid_client"} 2000"#,
            #"ldapauthd_logins_total{source="local",outcome="success"} 1"#,
            #"ldapauthd_refreshes_total{source="corp",outcome="success"} 1"#,
            #"ldapauthd_tokens_issued_total{grant="client_credentials",client="web"} 1"#,
            #"ldapauthd_tokens_issued_total{grant="password",client="web"} 1"#,
            #"ldapauthd_audit_events_total{event="throttle"} 1"#,
            #"ldapauthd_login_phase_seconds_bucket{source="corp",phase="total",le="0.005"} 1"#,
        ] {
            #expect(page.contains(line + "\n"), "\(line)\n\(page)")
        }
        #expect(page.split(separator: "\n").filter { $0.hasPrefix("ldapauthd_tokens_issued_total{") }.count == 3)
        #expect(!page.contains("stranger"))
        #expect(!page.contains("client1\""))
        #expect(metrics.loginCounts.granted == 2)
        #expect(metrics.loginCounts.refused == 2001)
    }

    @Test func thereIsABoundToWhatIsCountedByItself() {
        let family = CounterFamily<String>(known: ["a"], overflow: "other")
        family.increment("a")
        for number in 0..<10_000 { family.increment("late\(number)") }
        let values = family.values
        #expect(values.count <= CounterFamily<String>.limit + 2)
        #expect(values["a"] == 1)
        #expect(values.values.reduce(0, +) == 10_001, "nothing is lost")
        #expect((values["other"] ?? 0) > 9000)
    }

    @Test func theProcessKnowsItself() throws {
        let page = text(ProcessFigures().write)
        func value(_ name: String) throws -> Double {
            let line = try #require(page.split(separator: "\n").first { $0.hasPrefix("\(name) ") })
            return try #require(line.split(separator: " ").last.flatMap { Double($0) })
        }
        #expect(try value("process_resident_memory_bytes") > 1_048_576)
        #expect(try value("process_open_fds") > 2)
        #expect(try value("process_cpu_seconds_total") > 0)
        #expect(try value("process_start_time_seconds") > 1_700_000_000)
    }
}
